package interop.batch;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.wss4j.common.util.KeyUtils;
import org.apache.wss4j.dom.message.WSSecHeader;
import org.apache.xml.security.utils.XMLUtils;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/** A message in the making: its tree and header, and the keys that its steps made. */
record Draft(
        Document document,
        WSSecHeader header,
        KeySet keys,
        Map<String, byte[]> earlierKeys,
        Map<String, SharedKey> made,
        Map<String, byte[]> sessionKeys) {

    static Draft of(String envelope, KeySet keys, Map<String, byte[]> earlierKeys)
            throws Exception {
        return read(envelope, keys, earlierKeys, new HashMap<>(), new HashMap<>());
    }

    private static Draft read(
            String envelope,
            KeySet keys,
            Map<String, byte[]> earlierKeys,
            Map<String, SharedKey> made,
            Map<String, byte[]> sessionKeys) throws Exception {
        Document document = Xml.parse(envelope);
        WSSecHeader header = new WSSecHeader(document);
        header.insertSecurityHeader();
        return new Draft(document, header, keys, earlierKeys, made, sessionKeys);
    }

    /**
     * The same message from its text. WSS4J and Santuario leave some namespaces to the writer, but
     * a signature must be made over the tree as it will be read.
     */
    Draft reread() throws Exception {
        return read(Xml.write(document), keys, earlierKeys, made, sessionKeys);
    }

    /** The symmetric key of a name, or null where the name can only be an alias. */
    SharedKey findShared(String name) throws Exception {
        if (made.containsKey(name)) {
            return made.get(name);
        }
        if (earlierKeys.containsKey(name)) {
            return SharedKey.ofSecret(earlierKeys.get(name), name);
        }
        byte[] secret = keys.secrets().get(name);
        if (secret == null) {
            return null;
        }
        String sha1 = XMLUtils.encodeToString(KeyUtils.generateDigest(secret));
        sessionKeys.put(sha1, secret);
        return SharedKey.ofSecret(secret, sha1);
    }

    SharedKey requireShared(String name) throws Exception {
        SharedKey shared = findShared(name);
        if (shared == null) {
            throw new IllegalArgumentException("no symmetric key has the name " + name);
        }
        return shared;
    }

    List<Element> headerChildren(String namespace, String name) {
        return Xml.children(header.getSecurityHeaderElement(), namespace, name);
    }
}
