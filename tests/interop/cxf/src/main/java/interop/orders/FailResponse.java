package interop.orders;

import jakarta.xml.bind.annotation.XmlRootElement;
import jakarta.xml.bind.annotation.XmlType;

@XmlType(name = "")
@XmlRootElement(name = "FailResponse")
public class FailResponse {
}
