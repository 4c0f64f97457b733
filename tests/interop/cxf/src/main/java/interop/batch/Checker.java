package interop.batch;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.engine.WSSecurityEngine;
import org.apache.wss4j.dom.engine.WSSecurityEngineResult;
import org.apache.wss4j.dom.handler.RequestData;
import org.apache.wss4j.dom.handler.WSHandlerResult;
import org.apache.wss4j.dom.message.token.SignatureConfirmation;
import org.apache.wss4j.dom.util.WSSecurityUtil;
import org.w3c.dom.Document;

/** Lets WSS4J process one message, and tells what it proved. */
final class Checker {

    private static final WSSecurityEngine ENGINE = new WSSecurityEngine();

    private Checker() {
    }

    static Map<String, Object> check(Fields question, KeySet keys) throws Exception {
        Document document = Xml.parse(question.text("message"));
        Map<String, byte[]> sessionKeys = new HashMap<>(question.octetsByName("session_keys"));
        RequestData data = new RequestData();
        data.setActor(question.text("actor", ""));
        data.setSigVerCrypto(keys.crypto());
        data.setDecCrypto(keys.crypto());
        data.setCallbackHandler(new Answers(keys, sessionKeys));
        data.setDisableBSPEnforcement(!question.flag("bsp", true));
        data.setAllowRSA15KeyTransportAlgorithm(question.flag("allow_rsa15", false));
        // A token from which a key is derived has no password.
        data.setAllowUsernameTokenNoPassword(true);
        WSHandlerResult result = ENGINE.processSecurityHeader(document, data);
        if (result == null) {
            throw new IllegalArgumentException("the message has no security header");
        }
        List<WSSecurityEngineResult> proofs = new ArrayList<>(result.getResults());
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("body", WSSecurityUtil.findBodyElement(document).getTextContent());
        answer.put("envelope", Xml.write(document));
        answer.putAll(Findings.of(proofs));
        answer.put("confirmed", question.has("confirm"));
        if (question.has("confirm")) {
            confirm(question.octets("confirm"), proofs);
        }
        return answer;
    }

    /** The rule of WSS4J's handler: each value once, an empty element if nothing was signed. */
    private static void confirm(List<byte[]> sent, List<WSSecurityEngineResult> proofs) {
        List<byte[]> missing = new ArrayList<>(sent);
        int confirmations = 0;
        for (WSSecurityEngineResult proof : proofs) {
            if (proof.get(WSSecurityEngineResult.TAG_ACTION).equals(WSConstants.SC)) {
                byte[] value = ((SignatureConfirmation)
                    proof.get(WSSecurityEngineResult.TAG_SIGNATURE_CONFIRMATION))
                    .getSignatureValue();
                confirmations++;
                boolean expected = sent.isEmpty()
                    ? value == null || value.length == 0
                    : missing.removeIf(one -> Arrays.equals(one, value));
                if (!expected) {
                    throw new IllegalArgumentException(
                        "a SignatureConfirmation has a value that was not sent");
                }
            }
        }
        if (!missing.isEmpty() || confirmations == 0) {
            throw new IllegalArgumentException("a SignatureConfirmation is missing");
        }
    }
}
