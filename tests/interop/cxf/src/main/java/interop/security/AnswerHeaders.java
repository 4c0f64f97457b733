package interop.security;

import static org.apache.wss4j.common.ConfigurationConstants.ACTION;
import static org.apache.wss4j.common.ConfigurationConstants.ENABLE_SIGNATURE_CONFIRMATION;
import static org.apache.wss4j.common.ConfigurationConstants.ENCRYPTION_PARTS;
import static org.apache.wss4j.common.ConfigurationConstants.ENC_DIGEST_ALGO;
import static org.apache.wss4j.common.ConfigurationConstants.ENC_KEY_ID;
import static org.apache.wss4j.common.ConfigurationConstants.ENC_KEY_TRANSPORT;
import static org.apache.wss4j.common.ConfigurationConstants.ENC_MGF_ALGO;
import static org.apache.wss4j.common.ConfigurationConstants.ENC_SYM_ALGO;
import static org.apache.wss4j.common.ConfigurationConstants.SIGNATURE_PARTS;
import static org.apache.wss4j.common.ConfigurationConstants.SIG_ALGO;
import static org.apache.wss4j.common.ConfigurationConstants.SIG_DIGEST_ALGO;
import static org.apache.wss4j.common.ConfigurationConstants.SIG_KEY_ID;
import static org.apache.wss4j.common.ConfigurationConstants.TTL_TIMESTAMP;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.cxf.helpers.CastUtils;
import org.apache.cxf.interceptor.Fault;
import org.apache.cxf.message.Message;
import org.apache.cxf.phase.AbstractPhaseInterceptor;
import org.apache.cxf.phase.Phase;

/** Reads from a request's HTTP headers how its own answer shall differ from the usual one. */
public final class AnswerHeaders extends AbstractPhaseInterceptor<Message> {

    private static final String PREFIX = "x-answer-";

    private static final Map<String, List<String>> OPTIONS = Map.ofEntries(
        Map.entry("actions", List.of(ACTION)),
        Map.entry("key-identifier", List.of(SIG_KEY_ID, ENC_KEY_ID)),
        Map.entry("signature-parts", List.of(SIGNATURE_PARTS)),
        Map.entry("signature-algorithm", List.of(SIG_ALGO)),
        Map.entry("signature-digest", List.of(SIG_DIGEST_ALGO)),
        Map.entry("signature-confirmation", List.of(ENABLE_SIGNATURE_CONFIRMATION)),
        Map.entry("encryption-parts", List.of(ENCRYPTION_PARTS)),
        Map.entry("encryption-algorithm", List.of(ENC_SYM_ALGO)),
        Map.entry("key-transport", List.of(ENC_KEY_TRANSPORT)),
        Map.entry("key-transport-digest", List.of(ENC_DIGEST_ALGO)),
        Map.entry("key-transport-mgf", List.of(ENC_MGF_ALGO)),
        Map.entry("timestamp-seconds", List.of(TTL_TIMESTAMP)));

    public AnswerHeaders() {
        super(Phase.RECEIVE);
    }

    @Override
    public void handleMessage(Message request) {
        Map<String, List<String>> headers =
            CastUtils.cast((Map<?, ?>) request.get(Message.PROTOCOL_HEADERS));
        Map<String, String> wishes = new HashMap<>();
        headers.forEach((name, values) -> {
            String lowerCase = name.toLowerCase(Locale.ROOT);
            if (lowerCase.startsWith(PREFIX)) {
                List<String> options = OPTIONS.get(lowerCase.substring(PREFIX.length()));
                if (options == null) {
                    // A misspelt header must not let a test pass for the usual answer.
                    throw new Fault(new IllegalArgumentException("unknown header " + name));
                }
                options.forEach(option -> wishes.put(option, values.get(0)));
            }
        });
        request.getExchange().put(AnswerHeaders.class.getName(), wishes);
    }

    static Map<String, String> wishes(Message message) {
        Map<String, String> wishes = CastUtils.cast(
            (Map<?, ?>) message.getExchange().get(AnswerHeaders.class.getName()));
        return wishes == null ? Map.of() : wishes;
    }
}
