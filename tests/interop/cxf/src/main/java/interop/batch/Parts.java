package interop.batch;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.apache.wss4j.common.WSEncryptionPart;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.util.WSSecurityUtil;
import org.w3c.dom.Element;

/** Turns the parts of a step into WSS4J's words for them. */
final class Parts {

    private Parts() {
    }

    /** Parts to encrypt; of the Body its content. */
    static List<WSEncryptionPart> toEncrypt(Draft draft, List<Fields> wanted) {
        List<WSEncryptionPart> parts = new ArrayList<>();
        for (Fields part : wanted) {
            if ("signature".equals(part.text("keyword", ""))) {
                draft.headerChildren(WSConstants.SIG_NS, WSConstants.SIG_LN)
                    .forEach(signature -> parts.add(ofElement(signature)));
            } else if (part.has("keyword")) {
                parts.add(ofKeyword(draft, part.text("keyword"), "Content"));
            } else {
                parts.add(ofName(part));
            }
        }
        return parts;
    }

    /**
     * Parts to sign.
     *
     * @param token gives the part that covers the token of the signature's own key
     */
    static List<WSEncryptionPart> toSign(
            Draft draft, List<Fields> wanted, Supplier<WSEncryptionPart> token) {
        List<WSEncryptionPart> parts = new ArrayList<>();
        for (Fields part : wanted) {
            switch (part.text("keyword", "")) {
                case "" -> parts.add(ofName(part));
                case "token" -> parts.add(token.get());
                case "signature" -> {
                    // By its own Id, as CXF does; WSS4J would add a wsu:Id.
                    Element signature = newest(draft, WSConstants.SIG_NS, WSConstants.SIG_LN);
                    WSEncryptionPart byId = ofElement(signature);
                    byId.setId(signature.getAttributeNS(null, "Id"));
                    parts.add(byId);
                }
                case "key_info" ->
                    parts.add(new WSEncryptionPart("KeyInfo", WSConstants.SIG_NS, "Element"));
                default -> parts.add(ofKeyword(draft, part.text("keyword"), "Element"));
            }
        }
        return parts;
    }

    static WSEncryptionPart ofElement(Element element) {
        WSEncryptionPart part = new WSEncryptionPart(
            element.getLocalName(), element.getNamespaceURI(), "Element");
        part.setElement(element);
        return part;
    }

    private static WSEncryptionPart ofName(Fields part) {
        WSEncryptionPart named = new WSEncryptionPart(
            part.text("name"), part.text("namespace", ""), part.text("modifier", "Element"));
        named.setRequired(!part.flag("optional", false));
        return named;
    }

    private static WSEncryptionPart ofKeyword(Draft draft, String keyword, String bodyModifier) {
        return switch (keyword) {
            case "body" -> new WSEncryptionPart(
                WSConstants.ELEM_BODY,
                WSSecurityUtil.getSOAPNamespace(draft.document().getDocumentElement()),
                bodyModifier);
            case "timestamp" -> ofElement(newest(draft, WSConstants.WSU_NS, WSConstants.TIMESTAMP_TOKEN_LN));
            case "username_token" ->
                ofElement(newest(draft, WSConstants.WSSE_NS, WSConstants.USERNAME_TOKEN_LN));
            case "signature_confirmation" ->
                ofElement(newest(draft, WSConstants.WSSE11_NS, WSConstants.SIGNATURE_CONFIRMATION_LN));
            default -> throw new IllegalArgumentException("unknown part " + keyword);
        };
    }

    private static Element newest(Draft draft, String namespace, String name) {
        List<Element> found = draft.headerChildren(namespace, name);
        if (found.isEmpty()) {
            throw new IllegalArgumentException("the header has no " + name);
        }
        return found.get(0);
    }
}
