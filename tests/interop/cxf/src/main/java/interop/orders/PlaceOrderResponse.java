package interop.orders;

import jakarta.xml.bind.annotation.XmlAccessType;
import jakarta.xml.bind.annotation.XmlAccessorType;
import jakarta.xml.bind.annotation.XmlElement;
import jakarta.xml.bind.annotation.XmlRootElement;
import jakarta.xml.bind.annotation.XmlType;

@XmlAccessorType(XmlAccessType.FIELD)
@XmlType(name = "", propOrder = {"orderId", "sku", "nonce"})
@XmlRootElement(name = "PlaceOrderResponse")
public class PlaceOrderResponse {

    @XmlElement(required = true)
    public String orderId;

    @XmlElement(required = true)
    public String sku;

    @XmlElement(required = true)
    public String nonce;
}
