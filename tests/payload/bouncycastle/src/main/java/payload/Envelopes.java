package payload;

import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.AlgorithmParameterSpec;
import java.security.spec.MGF1ParameterSpec;
import java.util.Map;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.cms.CMSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cms.CMSAlgorithm;
import org.bouncycastle.cms.CMSAuthEnvelopedData;
import org.bouncycastle.cms.CMSAuthEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSEnvelopedData;
import org.bouncycastle.cms.CMSEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.Recipient;
import org.bouncycastle.cms.RecipientInfoGenerator;
import org.bouncycastle.cms.RecipientInformation;
import org.bouncycastle.cms.RecipientInformationStore;
import org.bouncycastle.cms.jcajce.JceCMSContentEncryptorBuilder;
import org.bouncycastle.cms.jcajce.JceKeyAgreeEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyAgreeRecipientInfoGenerator;
import org.bouncycastle.cms.jcajce.JceKeyTransAuthEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransRecipientInfoGenerator;
import org.bouncycastle.operator.OutputAEADEncryptor;
import org.bouncycastle.operator.jcajce.JcaAlgorithmParametersConverter;

/** EnvelopedData and AuthEnvelopedData. */
final class Envelopes {

    private static final Map<String, ASN1ObjectIdentifier> CIPHERS = Map.ofEntries(
        Map.entry("aes128-cbc", CMSAlgorithm.AES128_CBC),
        Map.entry("aes192-cbc", CMSAlgorithm.AES192_CBC),
        Map.entry("aes256-cbc", CMSAlgorithm.AES256_CBC),
        Map.entry("aes128-gcm", CMSAlgorithm.AES128_GCM),
        Map.entry("aes192-gcm", CMSAlgorithm.AES192_GCM),
        Map.entry("aes256-gcm", CMSAlgorithm.AES256_GCM),
        Map.entry("aes128-ccm", CMSAlgorithm.AES128_CCM),
        Map.entry("aes192-ccm", CMSAlgorithm.AES192_CCM),
        Map.entry("aes256-ccm", CMSAlgorithm.AES256_CCM),
        Map.entry("tripledes-cbc", CMSAlgorithm.DES_EDE3_CBC),
        Map.entry("camellia128-cbc", CMSAlgorithm.CAMELLIA128_CBC),
        Map.entry("camellia192-cbc", CMSAlgorithm.CAMELLIA192_CBC),
        Map.entry("camellia256-cbc", CMSAlgorithm.CAMELLIA256_CBC));
    private static final Map<String, ASN1ObjectIdentifier> AGREEMENTS = Map.of(
        "sha1", CMSAlgorithm.ECDH_SHA1KDF,
        "sha256", CMSAlgorithm.ECDH_SHA256KDF,
        "sha384", CMSAlgorithm.ECDH_SHA384KDF,
        "sha512", CMSAlgorithm.ECDH_SHA512KDF);
    private static final Map<String, ASN1ObjectIdentifier> WRAPS = Map.of(
        "kw-aes128", CMSAlgorithm.AES128_WRAP,
        "kw-aes192", CMSAlgorithm.AES192_WRAP,
        "kw-aes256", CMSAlgorithm.AES256_WRAP);

    private Envelopes() {}

    static String encrypt(Map<String, String> given) throws Exception {
        String cipher = given.get("cipher");
        CMSProcessableByteArray content = new CMSProcessableByteArray(People.read(given, "in"));
        JceCMSContentEncryptorBuilder encryptor =
            new JceCMSContentEncryptorBuilder(CIPHERS.get(cipher)).setProvider("BC");
        String form = People.is(given, "ber") ? "BER" : "DER";
        if (!cipher.endsWith("-cbc")) {
            CMSAuthEnvelopedDataGenerator generator = new CMSAuthEnvelopedDataGenerator();
            for (String name : given.get("recipients").split(",")) {
                generator.addRecipientInfoGenerator(recipient(given, name));
            }
            People.write(given, "out", generator
                .generate(content, (OutputAEADEncryptor) encryptor.build()).toASN1Structure().getEncoded(form));
            return "ok";
        }
        CMSEnvelopedDataGenerator generator = new CMSEnvelopedDataGenerator();
        for (String name : given.get("recipients").split(",")) {
            generator.addRecipientInfoGenerator(recipient(given, name));
        }
        People.write(given, "out",
            generator.generate(content, encryptor.build()).toASN1Structure().getEncoded(form));
        return "ok";
    }

    private static RecipientInfoGenerator recipient(Map<String, String> given, String name) throws Exception {
        X509Certificate certificate = People.certificate(given, name);
        if (certificate.getPublicKey() instanceof ECPublicKey key) {
            KeyPairGenerator pairs = KeyPairGenerator.getInstance("EC", "BC");
            pairs.initialize(key.getParams());
            KeyPair ephemeral = pairs.generateKeyPair();
            return new JceKeyAgreeRecipientInfoGenerator(AGREEMENTS.get(given.get("kdf")),
                ephemeral.getPrivate(), ephemeral.getPublic(), WRAPS.get(given.get("wrap")))
                .addRecipient(certificate).setProvider("BC");
        }
        AlgorithmIdentifier transport = null;
        if (given.get("transport").startsWith("oaep-")) {
            String digest = given.get("transport").substring(5);
            AlgorithmParameterSpec spec =
                new OAEPParameterSpec(digest, "MGF1", new MGF1ParameterSpec(digest), PSource.PSpecified.DEFAULT);
            transport = new JcaAlgorithmParametersConverter()
                .getAlgorithmIdentifier(PKCSObjectIdentifiers.id_RSAES_OAEP, spec);
        }
        byte[] identifier = new JcaX509ExtensionUtils()
            .createSubjectKeyIdentifier(certificate.getPublicKey()).getKeyIdentifier();
        JceKeyTransRecipientInfoGenerator made;
        if (People.is(given, "keyid")) {
            made = transport == null
                ? new JceKeyTransRecipientInfoGenerator(identifier, certificate.getPublicKey())
                : new JceKeyTransRecipientInfoGenerator(identifier, transport, certificate.getPublicKey());
        } else {
            made = transport == null
                ? new JceKeyTransRecipientInfoGenerator(certificate)
                : new JceKeyTransRecipientInfoGenerator(certificate, transport);
        }
        return made.setProvider("BC");
    }

    static String decrypt(Map<String, String> given) throws Exception {
        byte[] data = People.read(given, "in");
        boolean isAuthenticated = ContentInfo.getInstance(data).getContentType()
            .equals(CMSObjectIdentifiers.authEnvelopedData);
        RecipientInformationStore infos = isAuthenticated
            ? new CMSAuthEnvelopedData(data).getRecipientInfos()
            : new CMSEnvelopedData(data).getRecipientInfos();
        X509Certificate certificate = People.certificate(given, given.get("name"));
        PrivateKey key = People.key(given, given.get("name"));
        X509CertificateHolder holder = new X509CertificateHolder(certificate.getEncoded());
        for (RecipientInformation info : infos.getRecipients()) {
            if (!info.getRID().match(holder)) {
                continue;
            }
            People.write(given, "out", info.getContent(opener(certificate, key, isAuthenticated)));
            return "ok";
        }
        return "failed\tno recipient";
    }

    private static Recipient opener(X509Certificate certificate, PrivateKey key, boolean isAuthenticated) {
        if (!(certificate.getPublicKey() instanceof RSAPublicKey)) {
            return new JceKeyAgreeEnvelopedRecipient(key).setProvider("BC");
        }
        return isAuthenticated
            ? new JceKeyTransAuthEnvelopedRecipient(key).setProvider("BC")
            : new JceKeyTransEnvelopedRecipient(key).setProvider("BC");
    }
}
