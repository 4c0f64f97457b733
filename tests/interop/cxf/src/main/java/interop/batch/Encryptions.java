package interop.batch;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.apache.wss4j.common.util.KeyUtils;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.message.WSSecDKEncrypt;
import org.apache.wss4j.dom.message.WSSecEncrypt;
import org.apache.wss4j.dom.message.WSSecEncryptedKey;
import org.apache.xml.security.stax.ext.XMLSecurityConstants;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/** The steps that encrypt keys and parts. */
final class Encryptions {

    private Encryptions() {
    }

    /** Writes an EncryptedKey whose key later steps use; the first recipient's is the one named. */
    static void addSessionKey(Draft draft, Fields step) throws Exception {
        SecretKey key =
            new SecretKeySpec(XMLSecurityConstants.generateBytes(step.number("bytes", 32)), "AES");
        List<String> recipients = new ArrayList<>(step.texts("recipients"));
        Collections.reverse(recipients);
        WSSecEncryptedKey encrypted = null;
        for (String recipient : recipients) {
            encrypted = new WSSecEncryptedKey(draft.header());
            KeyTransport.configure(encrypted, draft, step, recipient);
            encrypted.prepare(draft.keys().crypto(), key);
            encrypted.prependToHeader();
            encrypted.prependBSTElementToHeader();
            draft.sessionKeys().put(encrypted.getEncryptedKeySHA1(), key.getEncoded());
        }
        if (encrypted == null) {
            throw new IllegalArgumentException("a session key needs a recipient");
        }
        List<String> elements = new ArrayList<>();
        if (encrypted.getBSTTokenId() != null) {
            elements.add(encrypted.getBSTTokenId());
        }
        elements.add(encrypted.getId());
        draft.made().put(
            step.text("name", "session"),
            new SharedKey(
                SharedKey.Kind.ENCRYPTED_KEY,
                key.getEncoded(),
                encrypted.getId(),
                encrypted.getEncryptedKeySHA1(),
                elements));
    }

    static void encrypt(Draft draft, Fields step) throws Exception {
        if (!step.has("key")) {
            encryptForRecipients(draft, step);
            return;
        }
        if (step.flag("wrapped", false)) {
            throw new IllegalArgumentException("WSS4J wraps no key under a symmetric key");
        }
        SharedKey shared = draft.requireShared(step.text("key"));
        if ("none".equals(step.text("derived_key", "none"))) {
            encryptWithShared(draft, step, shared);
        } else {
            encryptWithDerived(draft, step, shared);
        }
        shared.moveToFront(draft.header());
    }

    private static void encryptForRecipients(Draft draft, Fields step) throws Exception {
        List<String> recipients = step.texts("recipients");
        WSSecEncrypt encryption = start(draft, step);
        KeyTransport.configure(encryption, draft, step, recipients.get(0));
        SecretKey key = KeyUtils.getKeyGenerator(step.text("algorithm")).generateKey();
        encryption.build(draft.keys().crypto(), key);
        draft.sessionKeys().put(encryption.getEncryptedKeySHA1(), key.getEncoded());
        Element first = encryption.getEncryptedKeyElement();
        Node references =
            Xml.children(first, WSConstants.ENC_NS, "ReferenceList").stream()
                .findFirst().orElseThrow();
        // The others follow the first, so that the header begins with the one that parts name.
        Node next = first.getNextSibling();
        for (String recipient : recipients.subList(1, recipients.size())) {
            WSSecEncryptedKey other = new WSSecEncryptedKey(draft.header());
            KeyTransport.configure(other, draft, step, recipient);
            other.prepare(draft.keys().crypto(), key);
            Element element = other.getEncryptedKeyElement();
            element.appendChild(references.cloneNode(true));
            draft.header().getSecurityHeaderElement().insertBefore(element, next);
            other.prependBSTElementToHeader();
            draft.sessionKeys().put(other.getEncryptedKeySHA1(), key.getEncoded());
        }
    }

    private static void encryptWithShared(Draft draft, Fields step, SharedKey shared)
            throws Exception {
        String form = step.text("key_reference", "binary_token");
        WSSecEncrypt encryption = start(draft, step);
        encryption.setEncryptSymmKey(false);
        // With any other type WSS4J would write a reference of its own.
        encryption.setKeyIdentifierType(WSConstants.CUSTOM_SYMM_SIGNING);
        if (!"key_name".equals(form)) {
            encryption.setSecurityTokenReference(shared.reference(draft.document(), form));
        }
        String algorithm = step.text("algorithm");
        SecretKey key = KeyUtils.prepareSecretKey(algorithm, shared.secret());
        // WSS4J shortens a key for CBC only: AES-128 with a longer one would silently be AES-256.
        if (key.getEncoded().length != KeyUtils.getKeyLength(algorithm)) {
            throw new IllegalArgumentException(
                "a key of " + key.getEncoded().length + " octets does not fit " + algorithm);
        }
        List<Node> before = encryptedData(draft);
        encryption.build(draft.keys().crypto(), key);
        if ("key_name".equals(form)) {
            nameKey(draft, step.text("key"), before);
        }
    }

    /** Gives the EncryptedData that are new the name of their key. */
    private static void nameKey(Draft draft, String name, List<Node> before) {
        for (Node data : encryptedData(draft)) {
            if (!before.contains(data)) {
                Element keyInfo = Xml.children((Element) data, WSConstants.SIG_NS, "KeyInfo").get(0);
                keyInfo.appendChild(
                    SharedKey.keyName(draft.document(), name).getFirstChild());
            }
        }
    }

    private static List<Node> encryptedData(Draft draft) {
        var found = draft.document().getElementsByTagNameNS(WSConstants.ENC_NS, "EncryptedData");
        List<Node> nodes = new ArrayList<>();
        for (int index = 0; index < found.getLength(); index++) {
            nodes.add(found.item(index));
        }
        return nodes;
    }

    private static void encryptWithDerived(Draft draft, Fields step, SharedKey shared)
            throws Exception {
        WSSecDKEncrypt encryption = new WSSecDKEncrypt(draft.header());
        encryption.setSymmetricEncAlgorithm(step.text("algorithm"));
        encryption.setWscVersion(Tokens.wscVersion(step.text("derived_key")));
        encryption.setStrElem(
            shared.reference(draft.document(), step.text("key_reference", "binary_token"))
                .getElement());
        encryption.getParts().addAll(Parts.toEncrypt(draft, step.objects("parts")));
        encryption.build(shared.secret());
    }

    private static WSSecEncrypt start(Draft draft, Fields step) {
        WSSecEncrypt encryption = new WSSecEncrypt(draft.header());
        encryption.setSymmetricEncAlgorithm(step.text("algorithm"));
        encryption.getParts().addAll(Parts.toEncrypt(draft, step.objects("parts")));
        return encryption;
    }
}
