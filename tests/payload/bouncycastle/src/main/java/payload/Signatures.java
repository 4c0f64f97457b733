package payload;

import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/** SignedData. */
final class Signatures {

    private Signatures() {}

    static String sign(Map<String, String> given) throws Exception {
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        List<X509Certificate> along = new ArrayList<>();
        String[] algorithms = given.get("algorithm").split(",");
        String[] names = given.get("signers").split(",");
        for (int at = 0; at < names.length; at++) {
            X509Certificate certificate = People.certificate(given, names[at]);
            ContentSigner signer = new JcaContentSignerBuilder(algorithms[at % algorithms.length])
                .setProvider("BC").build(People.key(given, names[at]));
            JcaSignerInfoGeneratorBuilder builder = new JcaSignerInfoGeneratorBuilder(
                new JcaDigestCalculatorProviderBuilder().setProvider("BC").build());
            builder.setDirectSignature(People.is(given, "bare"));
            generator.addSignerInfoGenerator(People.is(given, "keyid")
                ? builder.build(signer, new JcaX509ExtensionUtils()
                    .createSubjectKeyIdentifier(certificate.getPublicKey()).getKeyIdentifier())
                : builder.build(signer, certificate));
            along.add(certificate);
        }
        generator.addCertificates(new JcaCertStore(along));
        CMSSignedData made = generator.generate(
            new CMSProcessableByteArray(new ASN1ObjectIdentifier(given.get("type")), People.read(given, "in")),
            !People.is(given, "detached"));
        People.write(given, "out", made.getEncoded(People.is(given, "ber") ? "BER" : "DER"));
        return "ok";
    }

    static String verify(Map<String, String> given) throws Exception {
        byte[] data = People.read(given, "in");
        CMSSignedData signed = given.containsKey("content")
            ? new CMSSignedData(new CMSProcessableByteArray(People.read(given, "content")), data)
            : new CMSSignedData(data);
        int good = 0;
        for (SignerInformation signer : signed.getSignerInfos().getSigners()) {
            for (String name : given.get("signers").split(",")) {
                X509Certificate certificate = People.certificate(given, name);
                if (!signer.getSID().match(new X509CertificateHolder(certificate.getEncoded()))) {
                    continue;
                }
                if (!signer.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(certificate))) {
                    return "failed\tthe signature does not match";
                }
                good++;
            }
        }
        if (good == 0) {
            return "failed\tnobody's signature";
        }
        if (!given.containsKey("content")) {
            People.write(given, "out", (byte[]) signed.getSignedContent().getContent());
        }
        return "ok\tsigners=" + good;
    }
}
