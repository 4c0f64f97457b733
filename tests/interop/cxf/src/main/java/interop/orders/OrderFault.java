package interop.orders;

import jakarta.xml.ws.WebFault;

@WebFault(name = "OrderFault", targetNamespace = OrderPort.NAMESPACE)
public class OrderFault extends Exception {

    private static final long serialVersionUID = 1L;

    private final transient OrderFaultDetail faultInfo;

    public OrderFault(String message, OrderFaultDetail faultInfo) {
        super(message);
        this.faultInfo = faultInfo;
    }

    /** JAX-WS makes the content of the Fault's detail from what this method returns. */
    public OrderFaultDetail getFaultInfo() {
        return faultInfo;
    }
}
