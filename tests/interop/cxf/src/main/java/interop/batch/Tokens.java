package interop.batch;

import java.util.List;
import org.apache.wss4j.common.derivedKey.ConversationConstants;
import org.apache.wss4j.common.util.UsernameTokenUtil;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.message.WSSecSecurityContextToken;
import org.apache.wss4j.dom.message.WSSecSignatureConfirmation;
import org.apache.wss4j.dom.message.WSSecTimestamp;
import org.apache.wss4j.dom.message.WSSecUsernameToken;

/** The steps that write a token or another element without a key of its own. */
final class Tokens {

    private Tokens() {
    }

    static void addTimestamp(Draft draft, Fields step) {
        WSSecTimestamp timestamp = new WSSecTimestamp(draft.header());
        timestamp.setTimeToLive(step.number("ttl_seconds", 300));
        timestamp.build();
    }

    static void addUsernameToken(Draft draft, Fields step) throws Exception {
        String user = step.text("username");
        String derivation = step.text("derive_for", "none");
        boolean derives = !"none".equals(derivation);
        String type = derives ? "none" : step.text("password_type", "digest");
        WSSecUsernameToken token = new WSSecUsernameToken(draft.header());
        // WSS4J would write the password that it is given, or fail, whatever the type says.
        String password = step.text("password", draft.keys().users().get(user));
        token.setUserInfo(user, "none".equals(type) && !derives ? null : password);
        token.setPasswordType(switch (type) {
            case "digest" -> WSConstants.PASSWORD_DIGEST;
            case "text" -> WSConstants.PASSWORD_TEXT;
            default -> null;
        });
        if (step.flag("nonce", false)) {
            token.addNonce();
        }
        if (step.flag("created", false)) {
            token.addCreated();
        }
        if (!derives) {
            token.build();
            return;
        }
        byte[] salt = UsernameTokenUtil.generateSalt("mac".equals(derivation));
        token.addDerivedKey(step.number("iterations", 1000));
        token.build(salt);
        draft.made().put(
            step.text("name", "username_token"),
            new SharedKey(
                SharedKey.Kind.USERNAME_TOKEN,
                token.getDerivedKey(salt),
                token.getId(),
                null,
                List.of(token.getId())));
    }

    static void addSecurityContext(Draft draft, Fields step) throws Exception {
        String identifier = step.text("identifier");
        byte[] secret = draft.requireShared(step.text("key")).secret();
        int version = wscVersion(step.text("version", "1.3"));
        WSSecSecurityContextToken token = new WSSecSecurityContextToken(draft.header(), null);
        token.setIdentifier(identifier);
        token.setWscVersion(version);
        token.prepare(draft.keys().crypto());
        token.prependSCTElementToHeader();
        draft.keys().contexts().put(identifier, secret);
        draft.made().put(
            step.text("name", "security_context"),
            new SharedKey(
                version == ConversationConstants.VERSION_05_02
                    ? SharedKey.Kind.CONTEXT_05_02
                    : SharedKey.Kind.CONTEXT_1_3,
                secret,
                token.getSctId(),
                null,
                List.of(token.getSctId())));
    }

    /** Writes an element for each value, or an empty one if there is none. */
    static void addConfirmations(Draft draft, Fields step) {
        List<byte[]> values = step.octets("values");
        if (values.isEmpty()) {
            new WSSecSignatureConfirmation(draft.header()).build(null);
        }
        for (byte[] value : values) {
            new WSSecSignatureConfirmation(draft.header()).build(value);
        }
    }

    static int wscVersion(String version) {
        return "2005/02".equals(version)
            ? ConversationConstants.VERSION_05_02
            : ConversationConstants.VERSION_05_12;
    }
}
