package interop.security;

import static org.apache.wss4j.common.ConfigurationConstants.ACTION;
import static org.apache.wss4j.common.ConfigurationConstants.DEC_PROP_REF_ID;
import static org.apache.wss4j.common.ConfigurationConstants.PASSWORD_TYPE;
import static org.apache.wss4j.common.ConfigurationConstants.PW_CALLBACK_REF;
import static org.apache.wss4j.common.ConfigurationConstants.SIG_VER_PROP_REF_ID;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.cxf.interceptor.Interceptor;
import org.apache.cxf.message.Message;
import org.apache.cxf.ws.security.wss4j.CryptoCoverageChecker;
import org.apache.cxf.ws.security.wss4j.DefaultCryptoCoverageChecker;
import org.apache.cxf.ws.security.wss4j.WSS4JInInterceptor;
import org.apache.wss4j.dom.WSConstants;

/** The interceptors that refuse a request without the protection a service asks for. */
public final class RequestSecurity {

    private static final String CRYPTO = "request-crypto";

    private RequestSecurity() {
    }

    public static List<Interceptor<? extends Message>> interceptors(
            SecuredService service, KeyMaterial keys) {
        Protection protection = service.protection();
        if (protection == Protection.NONE) {
            return List.of();
        }
        Map<String, Object> options = new HashMap<>();
        options.put(ACTION, protection.requestActions());
        options.put(PW_CALLBACK_REF, new PeerPasswords(keys.password()));
        options.put(CRYPTO, keys.crypto());
        options.put(SIG_VER_PROP_REF_ID, CRYPTO);
        options.put(DEC_PROP_REF_ID, CRYPTO);
        if (protection == Protection.USERNAME_DIGEST) {
            options.put(PASSWORD_TYPE, WSConstants.PW_DIGEST);
        } else if (protection == Protection.USERNAME_TEXT) {
            options.put(PASSWORD_TYPE, WSConstants.PW_TEXT);
        }
        WSS4JInInterceptor receiver = new WSS4JInInterceptor(options);
        if (protection.signs() || protection.encrypts()) {
            return List.of(receiver, coverage(protection));
        }
        return List.of(receiver);
    }

    /** WSS4J alone is content with a signature or an encryption of any part. */
    private static CryptoCoverageChecker coverage(Protection protection) {
        DefaultCryptoCoverageChecker coverage = new DefaultCryptoCoverageChecker();
        coverage.setSignBody(protection.signs());
        coverage.setSignTimestamp(protection.signs());
        coverage.setSignAddressingHeaders(protection.signs());
        coverage.setEncryptBody(protection.encrypts());
        return coverage;
    }
}
