package interop;

import interop.orders.OrderPort;
import java.net.URL;
import javax.xml.namespace.QName;

/** A SOAP version with its WSDL file and the first part of its addresses. */
public enum SoapFlavour {
    SOAP11("soap11", "orders.wsdl", "http://schemas.xmlsoap.org/soap/envelope/"),
    SOAP12("soap12", "orders-soap12.wsdl", "http://www.w3.org/2003/05/soap-envelope");

    static final QName SERVICE = new QName(OrderPort.NAMESPACE, "OrderService");
    static final QName PORT = new QName(OrderPort.NAMESPACE, "OrderPort");

    private final String path;
    private final String wsdlFile;
    private final String envelopeNamespace;

    SoapFlavour(String path, String wsdlFile, String envelopeNamespace) {
        this.path = path;
        this.wsdlFile = wsdlFile;
        this.envelopeNamespace = envelopeNamespace;
    }

    String path() {
        return path;
    }

    URL wsdl() {
        return SoapFlavour.class.getResource("/wsdl/" + wsdlFile);
    }

    public String envelopeNamespace() {
        return envelopeNamespace;
    }
}
