package interop.security;

import static org.apache.wss4j.common.ConfigurationConstants.ACTION;
import static org.apache.wss4j.common.ConfigurationConstants.ENC_DIGEST_ALGO;
import static org.apache.wss4j.common.ConfigurationConstants.ENC_KEY_ID;
import static org.apache.wss4j.common.ConfigurationConstants.ENC_KEY_TRANSPORT;
import static org.apache.wss4j.common.ConfigurationConstants.ENC_MGF_ALGO;
import static org.apache.wss4j.common.ConfigurationConstants.ENC_SYM_ALGO;
import static org.apache.wss4j.common.ConfigurationConstants.SIGNATURE_PARTS;
import static org.apache.wss4j.common.ConfigurationConstants.SIG_ALGO;
import static org.apache.wss4j.common.ConfigurationConstants.SIG_DIGEST_ALGO;
import static org.apache.wss4j.common.ConfigurationConstants.SIG_KEY_ID;

import interop.SoapFlavour;
import java.util.Map;
import org.apache.cxf.message.Message;
import org.apache.cxf.phase.AbstractPhaseInterceptor;
import org.apache.cxf.phase.Phase;
import org.apache.wss4j.dom.WSConstants;

/**
 * Gives an answer its WSS4J options: the usual ones, then what the request's headers ask for.
 *
 * <p>They go into the message because WSS4J prefers an interceptor's own options to a message's,
 * so that those could not be replaced for a single answer.
 */
final class AnswerOptions extends AbstractPhaseInterceptor<Message> {

    private final Map<String, String> usual;

    AnswerOptions(SecuredService service, SoapFlavour flavour) {
        super(Phase.SETUP);
        usual = Map.of(
            ACTION, service.protection().answerActions(),
            SIGNATURE_PARTS, signatureParts(service, flavour),
            SIG_KEY_ID, "DirectReference",
            SIG_ALGO, WSConstants.RSA_SHA256,
            SIG_DIGEST_ALGO, WSConstants.SHA256,
            ENC_KEY_ID, "IssuerSerial",
            ENC_SYM_ALGO, WSConstants.AES_256_GCM,
            ENC_KEY_TRANSPORT, WSConstants.KEYTRANSPORT_RSAOAEP_XENC11,
            ENC_DIGEST_ALGO, WSConstants.SHA256,
            ENC_MGF_ALGO, WSConstants.MGF_SHA256);
    }

    @Override
    public void handleMessage(Message answer) {
        // One by one: a message's cached view of its properties does not notice putAll.
        usual.forEach(answer::put);
        AnswerHeaders.wishes(answer).forEach(answer::put);
    }

    private static String signatureParts(SecuredService service, SoapFlavour flavour) {
        String parts = part(flavour.envelopeNamespace(), "Body")
            + part(WSConstants.WSU_NS, "Timestamp");
        return service.isAddressed()
            ? parts + part("http://www.w3.org/2005/08/addressing", "RelatesTo")
            : parts;
    }

    private static String part(String namespace, String name) {
        return "{Element}{" + namespace + "}" + name + ";";
    }
}
