package interop.orders;

import jakarta.xml.bind.annotation.XmlAccessType;
import jakarta.xml.bind.annotation.XmlAccessorType;
import jakarta.xml.bind.annotation.XmlElement;
import jakarta.xml.bind.annotation.XmlRootElement;
import jakarta.xml.bind.annotation.XmlType;

@XmlAccessorType(XmlAccessType.FIELD)
@XmlType(name = "", propOrder = {"sku", "quantity", "nonce"})
@XmlRootElement(name = "PlaceOrder")
public class PlaceOrder {

    @XmlElement(required = true)
    public String sku;

    public int quantity;

    @XmlElement(required = true)
    public String nonce;
}
