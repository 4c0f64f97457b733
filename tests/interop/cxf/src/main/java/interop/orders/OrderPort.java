package interop.orders;

import jakarta.jws.WebMethod;
import jakarta.jws.WebParam;
import jakarta.jws.WebResult;
import jakarta.jws.WebService;
import jakarta.jws.soap.SOAPBinding;

/**
 * The port type of the two WSDL files. Bare on the Java side only: one class for each wrapper
 * element spares a holder for each of the three results of PlaceOrder.
 */
@WebService(name = "OrderPortType", targetNamespace = OrderPort.NAMESPACE)
@SOAPBinding(parameterStyle = SOAPBinding.ParameterStyle.BARE)
public interface OrderPort {

    String NAMESPACE = "urn:example:orders";

    @WebMethod(operationName = "PlaceOrder", action = NAMESPACE + "/PlaceOrder")
    @WebResult(
        name = "PlaceOrderResponse",
        targetNamespace = NAMESPACE,
        partName = "parameters")
    PlaceOrderResponse placeOrder(
        @WebParam(name = "PlaceOrder", targetNamespace = NAMESPACE, partName = "parameters")
        PlaceOrder order);

    @WebMethod(operationName = "Fail", action = NAMESPACE + "/Fail")
    @WebResult(name = "FailResponse", targetNamespace = NAMESPACE, partName = "parameters")
    FailResponse fail(
        @WebParam(name = "Fail", targetNamespace = NAMESPACE, partName = "parameters")
        Fail request) throws OrderFault;
}
