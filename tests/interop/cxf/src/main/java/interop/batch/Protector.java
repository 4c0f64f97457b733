package interop.batch;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.xml.security.utils.XMLUtils;

/** Applies the steps of one message in their order. */
final class Protector {

    private Protector() {
    }

    static Map<String, Object> protect(Fields question, KeySet keys) throws Exception {
        Draft draft =
            Draft.of(question.text("envelope"), keys, question.octetsByName("session_keys"));
        List<Fields> steps = question.objects("steps");
        for (Fields step : steps) {
            draft = draft.reread();
            apply(draft, step);
        }
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("message", Xml.write(draft.document()));
        Map<String, String> made = new LinkedHashMap<>();
        draft.sessionKeys().forEach((sha1, key) -> made.put(sha1, XMLUtils.encodeToString(key)));
        answer.put("session_keys", made);
        return answer;
    }

    private static void apply(Draft draft, Fields step) throws Exception {
        switch (step.text("step")) {
            case "timestamp" -> Tokens.addTimestamp(draft, step);
            case "username_token" -> Tokens.addUsernameToken(draft, step);
            case "security_context" -> Tokens.addSecurityContext(draft, step);
            case "signature_confirmation" -> Tokens.addConfirmations(draft, step);
            case "session_key" -> Encryptions.addSessionKey(draft, step);
            case "encryption" -> Encryptions.encrypt(draft, step);
            case "signature" -> Signatures.sign(draft, step);
            default -> throw new IllegalArgumentException("unknown step " + step.text("step"));
        }
    }
}
