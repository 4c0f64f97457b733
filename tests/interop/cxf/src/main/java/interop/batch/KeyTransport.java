package interop.batch;

import java.security.cert.X509Certificate;
import java.util.Map;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.message.WSSecEncryptedKey;
import org.apache.xml.security.algorithms.MessageDigestAlgorithm;
import org.apache.xml.security.encryption.params.ConcatKDFParams;
import org.apache.xml.security.encryption.params.HKDFParams;
import org.apache.xml.security.encryption.params.KeyDerivationParameters;
import org.apache.xml.security.signature.XMLSignature;
import org.apache.xml.security.stax.ext.XMLSecurityConstants;
import org.apache.xml.security.utils.KeyUtils;
import org.w3c.dom.Element;

/** Settles how an EncryptedKey is encrypted and names its recipient. */
final class KeyTransport {

    private static final Map<String, String> MACS = Map.of(
        MessageDigestAlgorithm.ALGO_ID_DIGEST_SHA1, XMLSignature.ALGO_ID_MAC_HMAC_SHA1,
        MessageDigestAlgorithm.ALGO_ID_DIGEST_SHA224, XMLSignature.ALGO_ID_MAC_HMAC_SHA224,
        MessageDigestAlgorithm.ALGO_ID_DIGEST_SHA256, XMLSignature.ALGO_ID_MAC_HMAC_SHA256,
        MessageDigestAlgorithm.ALGO_ID_DIGEST_SHA384, XMLSignature.ALGO_ID_MAC_HMAC_SHA384,
        MessageDigestAlgorithm.ALGO_ID_DIGEST_SHA512, XMLSignature.ALGO_ID_MAC_HMAC_SHA512);

    private KeyTransport() {
    }

    static void configure(WSSecEncryptedKey key, Draft draft, Fields step, String recipient)
            throws Exception {
        X509Certificate certificate = draft.keys().certificates(recipient)[0];
        key.setUserInfo(recipient);
        key.setUseThisCert(certificate);
        name(key, draft, step, certificate);
        if (step.has("key_agreement")) {
            agree(key, step);
            return;
        }
        key.setKeyEncAlgo(step.text("key_transport", WSConstants.KEYTRANSPORT_RSAOAEP));
        key.setDigestAlgorithm(step.text("digest", null));
        key.setMGFAlgorithm(step.text("mgf", null));
    }

    private static void name(
            WSSecEncryptedKey key, Draft draft, Fields step, X509Certificate certificate)
            throws Exception {
        String form = step.text("key_reference", "issuer_serial");
        if ("pkipath".equals(form)) {
            throw new IllegalArgumentException("WSS4J has no key reference pkipath to a recipient");
        }
        Element custom = KeyForms.custom(draft.document(), form, certificate);
        if (custom != null) {
            if (step.has("key_agreement")) {
                throw new IllegalArgumentException(
                    "WSS4J has no key reference " + form + " with key agreement");
            }
            key.setCustomEKKeyInfoElement(custom);
            return;
        }
        key.setKeyIdentifierType(KeyForms.type(form));
        key.setIncludeEncryptionToken(step.flag("include_token", false));
        if ("key_value".equals(form)) {
            key.setUseThisPublicKey(certificate.getPublicKey());
        }
    }

    private static void agree(WSSecEncryptedKey key, Fields step) throws Exception {
        String wrap = step.text("key_wrap", WSConstants.KEYWRAP_AES256);
        String derivation = step.text("key_derivation", WSConstants.KEYDERIVATION_HKDF);
        key.setKeyEncAlgo(wrap);
        key.setKeyAgreementMethod(step.text("key_agreement"));
        key.setKeyDerivationMethod(derivation);
        if (step.has("derivation_digest")) {
            key.setKeyDerivationParameters(
                derivation(derivation, step.text("derivation_digest"), wrap));
        }
    }

    private static KeyDerivationParameters derivation(String method, String digest, String wrap)
            throws Exception {
        int bits = KeyUtils.getAESKeyBitSizeForWrapAlgorithm(wrap);
        if (WSConstants.KEYDERIVATION_CONCATKDF.equals(method)) {
            return ConcatKDFParams.createBuilder(bits, digest)
                .algorithmID("0000").partyUInfo("").partyVInfo("").build();
        }
        return HKDFParams.createBuilder(bits, MACS.getOrDefault(digest, digest))
            .salt(XMLSecurityConstants.generateBytes(bits / 8)).info(null).build();
    }
}
