package interop.report;

import java.security.Principal;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.cxf.helpers.CastUtils;
import org.apache.cxf.message.Message;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.WSDataRef;
import org.apache.wss4j.dom.engine.WSSecurityEngineResult;
import org.apache.wss4j.dom.handler.WSHandlerConstants;
import org.apache.wss4j.dom.handler.WSHandlerResult;
import org.apache.wss4j.dom.message.token.Timestamp;
import org.apache.wss4j.dom.message.token.UsernameToken;

/** Turns WSS4J's results for one request into plain maps and lists. */
final class RequestReport {

    private RequestReport() {
    }

    static Map<String, Object> of(Message request) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("usernameTokens", list(request, WSConstants.UT, RequestReport::usernameToken));
        report.put("timestamps", list(request, WSConstants.TS, RequestReport::timestamp));
        report.put("signatures", list(request, WSConstants.SIGN, RequestReport::signature));
        report.put("encryptions", list(request, WSConstants.ENCR, RequestReport::encryption));
        return report;
    }

    private static List<Map<String, Object>> list(
            Message request,
            int action,
            Function<WSSecurityEngineResult, Map<String, Object>> describe) {
        List<WSHandlerResult> received =
            CastUtils.cast((List<?>) request.get(WSHandlerConstants.RECV_RESULTS));
        List<Map<String, Object>> described = new ArrayList<>();
        if (received != null) {
            for (WSHandlerResult header : received) {
                header.getActionResults().getOrDefault(action, List.of())
                    .forEach(result -> described.add(describe.apply(result)));
            }
        }
        return described;
    }

    private static Map<String, Object> usernameToken(WSSecurityEngineResult result) {
        UsernameToken token =
            (UsernameToken) result.get(WSSecurityEngineResult.TAG_USERNAME_TOKEN);
        Principal principal = (Principal) result.get(WSSecurityEngineResult.TAG_PRINCIPAL);
        Map<String, Object> description = new LinkedHashMap<>();
        description.put("principal", principal.getName());
        description.put("passwordType", token.getPasswordType());
        return description;
    }

    private static Map<String, Object> timestamp(WSSecurityEngineResult result) {
        Timestamp timestamp = (Timestamp) result.get(WSSecurityEngineResult.TAG_TIMESTAMP);
        Map<String, Object> description = new LinkedHashMap<>();
        description.put("created", timestamp.getCreated());
        description.put("expires", timestamp.getExpires());
        return description;
    }

    private static Map<String, Object> signature(WSSecurityEngineResult result) {
        Map<String, Object> description = new LinkedHashMap<>();
        description.put("signer", subject(result));
        description.put("keyReference", result.get(WSSecurityEngineResult.TAG_X509_REFERENCE_TYPE));
        description.put("algorithm", result.get(WSSecurityEngineResult.TAG_SIGNATURE_METHOD));
        description.put("digests", distinct(result, WSDataRef::getDigestAlgorithm));
        description.put("elements", distinct(result, WSDataRef::getName));
        return description;
    }

    private static Map<String, Object> encryption(WSSecurityEngineResult result) {
        Map<String, Object> description = new LinkedHashMap<>();
        description.put("recipient", subject(result));
        description.put("keyReference", result.get(WSSecurityEngineResult.TAG_X509_REFERENCE_TYPE));
        description.put(
            "keyTransport", result.get(WSSecurityEngineResult.TAG_ENCRYPTED_KEY_TRANSPORT_METHOD));
        description.put("algorithms", distinct(result, WSDataRef::getAlgorithm));
        description.put("elements", distinct(result, WSDataRef::getName));
        return description;
    }

    private static String subject(WSSecurityEngineResult result) {
        X509Certificate certificate =
            (X509Certificate) result.get(WSSecurityEngineResult.TAG_X509_CERTIFICATE);
        return certificate == null ? null : certificate.getSubjectX500Principal().getName();
    }

    private static List<Object> distinct(
            WSSecurityEngineResult result, Function<WSDataRef, Object> property) {
        List<WSDataRef> references =
            CastUtils.cast((List<?>) result.get(WSSecurityEngineResult.TAG_DATA_REF_URIS));
        return references == null
            ? List.of()
            : references.stream().map(property).distinct().toList();
    }
}
