package interop.batch;

import java.util.List;
import org.apache.wss4j.common.WSS4JConstants;
import org.apache.wss4j.common.token.Reference;
import org.apache.wss4j.common.token.SecurityTokenReference;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.message.WSSecHeader;
import org.apache.wss4j.dom.util.WSSecurityUtil;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/**
 * A symmetric key and the Ids of the header elements that carry or name it, in their order; a key
 * of an earlier message or a secret has none.
 */
record SharedKey(Kind kind, byte[] secret, String id, String sha1, List<String> elements) {

    enum Kind {
        ENCRYPTED_KEY, USERNAME_TOKEN, CONTEXT_05_02, CONTEXT_1_3, SECRET
    }

    static SharedKey ofSecret(byte[] secret, String sha1) {
        return new SharedKey(Kind.SECRET, secret, null, sha1, List.of());
    }

    /** Puts the elements in front of all others, so that a receiver meets the key before its use. */
    void moveToFront(WSSecHeader header) {
        Element security = header.getSecurityHeaderElement();
        for (int index = elements.size() - 1; index >= 0; index--) {
            Element element = find(header, elements.get(index));
            if (element != null) {
                WSSecurityUtil.prependChildElement(security, element);
            }
        }
    }

    /** What a signature over the token covers. */
    Element token(WSSecHeader header) {
        Element token = id == null ? null : find(header, id);
        if (token == null) {
            throw new IllegalArgumentException("the header has no token of this key");
        }
        return token;
    }

    private static Element find(WSSecHeader header, String id) {
        return Xml.children(header.getSecurityHeaderElement()).stream()
            .filter(child -> id.equals(child.getAttributeNS(null, "Id"))
                || id.equals(child.getAttributeNS(WSConstants.WSU_NS, "Id")))
            .findFirst().orElse(null);
    }

    SecurityTokenReference reference(Document document, String form) throws Exception {
        if ("key_name".equals(form)) {
            throw new IllegalArgumentException("WSS4J has no key reference key_name here");
        }
        SecurityTokenReference reference = new SecurityTokenReference(document);
        reference.addWSSENamespace();
        reference.addWSUNamespace();
        if ("encrypted_key_sha1".equals(form) || kind == Kind.SECRET) {
            reference.setKeyIdentifierEncKeySHA1(sha1);
            reference.addTokenType(WSConstants.WSS_ENC_KEY_VALUE_TYPE);
            return reference;
        }
        Reference direct = new Reference(document);
        direct.setURI("#" + id);
        switch (kind) {
            case ENCRYPTED_KEY -> reference.addTokenType(WSConstants.WSS_ENC_KEY_VALUE_TYPE);
            case USERNAME_TOKEN -> direct.setValueType(WSConstants.WSS_USERNAME_TOKEN_VALUE_TYPE);
            case CONTEXT_05_02 -> direct.setValueType(WSS4JConstants.WSC_SCT);
            default -> direct.setValueType(WSS4JConstants.WSC_SCT_05_12);
        }
        reference.setReference(direct);
        return reference;
    }

    /** A KeyInfo with a KeyName alone. */
    static Element keyName(Document document, String name) {
        Element keyInfo = document.createElementNS(WSConstants.SIG_NS, "ds:KeyInfo");
        Node keyName = document.createElementNS(WSConstants.SIG_NS, "ds:KeyName");
        keyName.setTextContent(name);
        keyInfo.appendChild(keyName);
        return keyInfo;
    }
}
