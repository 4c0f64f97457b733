package interop.security;

import static org.apache.wss4j.common.ConfigurationConstants.ENCRYPTION_USER;
import static org.apache.wss4j.common.ConfigurationConstants.ENC_PROP_REF_ID;
import static org.apache.wss4j.common.ConfigurationConstants.PW_CALLBACK_REF;
import static org.apache.wss4j.common.ConfigurationConstants.SIGNATURE_USER;
import static org.apache.wss4j.common.ConfigurationConstants.SIG_PROP_REF_ID;

import interop.SoapFlavour;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.cxf.interceptor.Interceptor;
import org.apache.cxf.message.Message;
import org.apache.cxf.ws.security.wss4j.WSS4JOutInterceptor;

/** The interceptors that protect an answer, with the same keys whatever a request asks for. */
public final class AnswerSecurity {

    private static final String CRYPTO = "answer-crypto";

    private AnswerSecurity() {
    }

    public static List<Interceptor<? extends Message>> interceptors(
            SecuredService service, SoapFlavour flavour, KeyMaterial keys) {
        if (service.protection().answerActions().isEmpty()) {
            return List.of();
        }
        Map<String, Object> options = new HashMap<>();
        options.put(PW_CALLBACK_REF, new PeerPasswords(keys.password()));
        options.put(CRYPTO, keys.crypto());
        options.put(SIG_PROP_REF_ID, CRYPTO);
        options.put(SIGNATURE_USER, KeyMaterial.SERVER_ALIAS);
        options.put(ENC_PROP_REF_ID, CRYPTO);
        options.put(ENCRYPTION_USER, KeyMaterial.CLIENT_ALIAS);
        return List.of(new AnswerOptions(service, flavour), new WSS4JOutInterceptor(options));
    }
}
