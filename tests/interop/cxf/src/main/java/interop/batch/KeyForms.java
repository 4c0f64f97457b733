package interop.batch;

import java.security.cert.X509Certificate;
import java.util.Map;
import org.apache.wss4j.common.token.DOMX509IssuerSerial;
import org.apache.wss4j.common.token.DOMX509SKI;
import org.apache.wss4j.common.token.SecurityTokenReference;
import org.apache.wss4j.dom.WSConstants;
import org.apache.xml.security.utils.XMLUtils;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/** How a certificate is named: WSS4J's numbers, and the KeyInfo that WSS4J lets callers write. */
final class KeyForms {

    private static final Map<String, Integer> TYPES = Map.of(
        "binary_token", WSConstants.BST_DIRECT_REFERENCE,
        "pkipath", WSConstants.BST_DIRECT_REFERENCE,
        "issuer_serial", WSConstants.ISSUER_SERIAL,
        "issuer_serial_quoted", WSConstants.ISSUER_SERIAL_QUOTE_FORMAT,
        "subject_key_identifier", WSConstants.SKI_KEY_IDENTIFIER,
        "x509_ski", WSConstants.X509_SKI,
        "thumbprint", WSConstants.THUMBPRINT_IDENTIFIER,
        "x509_key_identifier", WSConstants.X509_KEY_IDENTIFIER,
        "key_value", WSConstants.KEY_VALUE);

    private KeyForms() {
    }

    static int type(String form) {
        Integer type = TYPES.get(form);
        if (type == null) {
            throw new IllegalArgumentException("WSS4J has no key reference " + form);
        }
        return type;
    }

    /** A KeyInfo of a form that WSS4J has no number for, or null. */
    static Element custom(Document document, String form, X509Certificate certificate)
            throws Exception {
        Element content;
        switch (form.replace("_in_reference", "")) {
            case "x509_data" -> {
                content = document.createElementNS(WSConstants.SIG_NS, "ds:X509Certificate");
                content.setTextContent(XMLUtils.encodeToString(certificate.getEncoded()));
            }
            case "x509_data_subject" -> {
                content = document.createElementNS(WSConstants.SIG_NS, "ds:X509SubjectName");
                content.setTextContent(certificate.getSubjectX500Principal().getName());
            }
            case "x509_data_issuer_serial" -> content = new DOMX509IssuerSerial(
                document,
                certificate.getIssuerX500Principal().getName(),
                certificate.getSerialNumber()).getElement();
            case "x509_data_ski" -> content = new DOMX509SKI(document, certificate).getElement();
            default -> {
                return null;
            }
        }
        Element keyInfo = document.createElementNS(WSConstants.SIG_NS, "ds:KeyInfo");
        keyInfo.setAttributeNS(WSConstants.XMLNS_NS, "xmlns:ds", WSConstants.SIG_NS);
        Element data = document.createElementNS(WSConstants.SIG_NS, "ds:X509Data");
        data.appendChild(content);
        if (form.endsWith("_in_reference")) {
            SecurityTokenReference reference = new SecurityTokenReference(document);
            reference.addWSSENamespace();
            reference.setUnknownElement(data);
            keyInfo.appendChild(reference.getElement());
        } else {
            keyInfo.appendChild(data);
        }
        return keyInfo;
    }
}
