package interop.batch;

import java.security.Principal;
import java.security.cert.X509Certificate;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.WSDataRef;
import org.apache.wss4j.dom.engine.WSSecurityEngineResult;

/** Turns WSS4J's results for one message into plain maps and lists, in the header's order. */
final class Findings {

    private static final Set<Integer> SIGNATURES = Set.of(WSConstants.SIGN, WSConstants.UT_SIGN);
    private static final Set<Integer> USERNAMES = Set.of(WSConstants.UT, WSConstants.UT_NOPASSWORD);

    private Findings() {
    }

    /**
     * @param proofs as WSS4J gives them, the last element of the header first
     */
    static Map<String, Object> of(List<WSSecurityEngineResult> proofs) {
        Collections.reverse(proofs);
        Map<String, Object> findings = new LinkedHashMap<>();
        findings.put("signatures", describe(proofs, SIGNATURES, Findings::signature));
        findings.put(
            "encryptions", describe(proofs, Set.of(WSConstants.ENCR), Findings::encryption));
        findings.put(
            "username",
            describe(proofs, USERNAMES, Findings::principal).stream().findFirst().orElse(null));
        findings.put(
            "timestamp", !describe(proofs, Set.of(WSConstants.TS), Object::toString).isEmpty());
        return findings;
    }

    private static <T> List<T> describe(
            List<WSSecurityEngineResult> proofs,
            Set<Integer> actions,
            Function<WSSecurityEngineResult, T> description) {
        return proofs.stream()
            .filter(proof -> actions.contains(proof.get(WSSecurityEngineResult.TAG_ACTION)))
            .map(description)
            .toList();
    }

    private static Map<String, Object> signature(WSSecurityEngineResult proof) {
        Map<String, Object> description = new LinkedHashMap<>();
        description.put("method", proof.get(WSSecurityEngineResult.TAG_SIGNATURE_METHOD));
        description.put(
            "canonicalization", proof.get(WSSecurityEngineResult.TAG_CANONICALIZATION_METHOD));
        description.put("digests", distinct(proof, WSDataRef::getDigestAlgorithm));
        description.put("signer", subject(proof));
        description.put("principal", principal(proof));
        description.put("covered", covered(proof));
        description.put("key_reference", reference(proof));
        return description;
    }

    private static Map<String, Object> encryption(WSSecurityEngineResult proof) {
        Map<String, Object> description = new LinkedHashMap<>();
        List<Object> algorithms = distinct(proof, WSDataRef::getAlgorithm);
        description.put("algorithm", algorithms.isEmpty() ? null : algorithms.get(0));
        description.put("algorithms", algorithms);
        description.put(
            "key_transport", proof.get(WSSecurityEngineResult.TAG_ENCRYPTED_KEY_TRANSPORT_METHOD));
        description.put("recipient", subject(proof));
        description.put("covered", covered(proof));
        description.put("key_reference", reference(proof));
        return description;
    }

    private static String principal(WSSecurityEngineResult proof) {
        return proof.get(WSSecurityEngineResult.TAG_PRINCIPAL) instanceof Principal principal
            ? principal.getName()
            : "";
    }

    private static String reference(WSSecurityEngineResult proof) {
        Object type = proof.get(WSSecurityEngineResult.TAG_X509_REFERENCE_TYPE);
        return type == null ? "" : type.toString();
    }

    private static String subject(WSSecurityEngineResult proof) {
        return proof.get(WSSecurityEngineResult.TAG_X509_CERTIFICATE)
                instanceof X509Certificate certificate
            ? certificate.getSubjectX500Principal().getName()
            : "";
    }

    private static List<Object> covered(WSSecurityEngineResult proof) {
        return references(proof).stream().map(Findings::part).toList();
    }

    private static Object part(WSDataRef reference) {
        Map<String, Object> part = new LinkedHashMap<>();
        part.put("name", reference.getName() == null ? "" : reference.getName().getLocalPart());
        part.put(
            "namespace", reference.getName() == null ? "" : reference.getName().getNamespaceURI());
        part.put("content", reference.isContent());
        part.put("xpath", reference.getXpath());
        return part;
    }

    private static List<Object> distinct(
            WSSecurityEngineResult proof, Function<WSDataRef, Object> property) {
        return references(proof).stream().map(property).distinct().toList();
    }

    private static List<WSDataRef> references(WSSecurityEngineResult proof) {
        return proof.get(WSSecurityEngineResult.TAG_DATA_REF_URIS) instanceof List<?> references
            ? references.stream().map(WSDataRef.class::cast).toList()
            : List.of();
    }
}
