@XmlSchema(
    namespace = OrderPort.NAMESPACE,
    elementFormDefault = XmlNsForm.QUALIFIED)
package interop.orders;

import jakarta.xml.bind.annotation.XmlNsForm;
import jakarta.xml.bind.annotation.XmlSchema;
