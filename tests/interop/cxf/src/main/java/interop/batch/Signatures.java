package interop.batch;

import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.wss4j.common.WSEncryptionPart;
import org.apache.wss4j.common.token.SecurityTokenReference;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.message.WSSecDKSign;
import org.apache.wss4j.dom.message.WSSecSignature;
import org.w3c.dom.Element;

/** The step that signs: with a key pair, with a symmetric key, or with a key derived from one. */
final class Signatures {

    private static final Set<String> UNTOUCHED_BY_TOKEN = Set.of("binary_token", "pkipath");

    private Signatures() {
    }

    static void sign(Draft draft, Fields step) throws Exception {
        String form = step.text("part_canonicalization", WSConstants.C14N_EXCL_OMIT_COMMENTS);
        if (!WSConstants.C14N_EXCL_OMIT_COMMENTS.equals(form)) {
            throw new IllegalArgumentException("WSS4J canonicalizes parts exclusively only");
        }
        SharedKey shared = draft.findShared(step.text("key"));
        if (shared == null) {
            signWithKeyPair(draft, step);
            return;
        }
        if ("none".equals(step.text("derived_key", "none"))) {
            signWithShared(draft, step, shared);
        } else {
            signWithDerived(draft, step, shared);
        }
        shared.moveToFront(draft.header());
    }

    private static void signWithKeyPair(Draft draft, Fields step) throws Exception {
        String alias = step.text("key");
        String form = step.text("key_reference", "binary_token");
        if ("x509_ski".equals(form)) {
            // WSS4J has a number for it, but only encryptions use it.
            form = "x509_data_ski_in_reference";
        }
        WSSecSignature signature = start(draft, step);
        signature.setUserInfo(alias, draft.keys().password());
        signature.setUseSingleCertificate(!"pkipath".equals(form));
        Element custom =
            KeyForms.custom(draft.document(), form, draft.keys().certificates(alias)[0]);
        if (custom == null) {
            signature.setKeyIdentifierType(KeyForms.type(form));
            signature.setIncludeSignatureToken(
                step.flag("include_token", false) && !UNTOUCHED_BY_TOKEN.contains(form));
        } else {
            signature.setCustomKeyInfoElement(custom);
        }
        signature.prepare(draft.keys().crypto());
        signature.prependBSTElementToHeader();
        Element token = signature.getBinarySecurityTokenElement();
        finish(draft, step, signature, signature.getSecurityTokenReferenceURI(), () -> {
            if (token == null) {
                throw new IllegalArgumentException("the signature has no token in the header");
            }
            return Parts.ofElement(token);
        });
    }

    private static void signWithShared(Draft draft, Fields step, SharedKey shared)
            throws Exception {
        String form = step.text("key_reference", "binary_token");
        WSSecSignature signature = start(draft, step);
        signature.setSecretKey(shared.secret());
        signature.setKeyIdentifierType(WSConstants.CUSTOM_SYMM_SIGNING);
        String referenceId = null;
        if ("key_name".equals(form)) {
            signature.setCustomKeyInfoElement(
                SharedKey.keyName(draft.document(), step.text("key")));
        } else {
            SecurityTokenReference reference = shared.reference(draft.document(), form);
            referenceId = signature.getIdAllocator().createSecureId("STR-", reference);
            reference.setID(referenceId);
            signature.setSecurityTokenReference(reference);
        }
        signature.prepare(draft.keys().crypto());
        finish(
            draft, step, signature, referenceId, () -> Parts.ofElement(shared.token(draft.header())));
    }

    private static WSSecSignature start(Draft draft, Fields step) {
        WSSecSignature signature = new WSSecSignature(draft.header());
        signature.setSignatureAlgorithm(step.text("algorithm", null));
        signature.setDigestAlgo(step.text("digest", WSConstants.SHA256));
        signature.setSigCanonicalization(
            step.text("canonicalization", WSConstants.C14N_EXCL_OMIT_COMMENTS));
        signature.setAddInclusivePrefixes(step.flag("inclusive_prefixes", true));
        return signature;
    }

    private static void finish(
            Draft draft,
            Fields step,
            WSSecSignature signature,
            String referenceId,
            Supplier<WSEncryptionPart> token) throws Exception {
        Element bst = signature.getBinarySecurityTokenElement();
        Supplier<WSEncryptionPart> covered =
            step.flag("str_transform", false) ? () -> throughReference(referenceId) : token;
        List<WSEncryptionPart> parts = Parts.toSign(draft, step.objects("parts"), covered);
        for (WSEncryptionPart part : parts) {
            if ("KeyInfo".equals(part.getName()) && part.getElement() == null) {
                part.setId(signature.getKeyInfoUri());
            }
        }
        var references = signature.addReferencesToSign(parts);
        if (bst == null) {
            signature.computeSignature(references);
        } else {
            Element next = nextElement(bst);
            signature.computeSignature(references, next != null, next);
        }
    }

    private static Element nextElement(Element element) {
        List<Element> siblings = Xml.children((Element) element.getParentNode());
        int following = siblings.indexOf(element) + 1;
        return following < siblings.size() ? siblings.get(following) : null;
    }

    private static WSEncryptionPart throughReference(String referenceId) {
        if (referenceId == null) {
            throw new IllegalArgumentException("the signature has no reference to a token");
        }
        WSEncryptionPart part = new WSEncryptionPart("STRTransform", "", "Element");
        part.setId(referenceId);
        return part;
    }

    private static void signWithDerived(Draft draft, Fields step, SharedKey shared)
            throws Exception {
        WSSecDKSign signature = new WSSecDKSign(draft.header());
        signature.setSignatureAlgorithm(step.text("algorithm", WSConstants.HMAC_SHA256));
        signature.setDigestAlgorithm(step.text("digest", WSConstants.SHA256));
        signature.setSigCanonicalization(
            step.text("canonicalization", WSConstants.C14N_EXCL_OMIT_COMMENTS));
        signature.setAddInclusivePrefixes(step.flag("inclusive_prefixes", true));
        signature.setWscVersion(Tokens.wscVersion(step.text("derived_key")));
        signature.setDerivedKeyLength(step.number("derived_key_bytes", -1));
        signature.setStrElem(
            shared.reference(draft.document(), step.text("key_reference", "binary_token"))
                .getElement());
        // WSS4J itself completes a part of this name when it builds the signature.
        Supplier<WSEncryptionPart> token = step.flag("str_transform", false)
            ? () -> new WSEncryptionPart("STRTransform", "", "Element")
            : () -> Parts.ofElement(shared.token(draft.header()));
        signature.getParts().addAll(Parts.toSign(draft, step.objects("parts"), token));
        signature.build(shared.secret());
    }
}
