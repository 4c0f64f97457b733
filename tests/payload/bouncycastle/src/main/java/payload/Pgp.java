package payload;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.SecureRandom;
import java.util.Date;
import java.util.Map;
import org.bouncycastle.bcpg.CompressionAlgorithmTags;
import org.bouncycastle.bcpg.HashAlgorithmTags;
import org.bouncycastle.openpgp.PGPCompressedData;
import org.bouncycastle.openpgp.PGPCompressedDataGenerator;
import org.bouncycastle.openpgp.PGPEncryptedData;
import org.bouncycastle.openpgp.PGPEncryptedDataGenerator;
import org.bouncycastle.openpgp.PGPEncryptedDataList;
import org.bouncycastle.openpgp.PGPLiteralData;
import org.bouncycastle.openpgp.PGPLiteralDataGenerator;
import org.bouncycastle.openpgp.PGPObjectFactory;
import org.bouncycastle.openpgp.PGPOnePassSignature;
import org.bouncycastle.openpgp.PGPOnePassSignatureList;
import org.bouncycastle.openpgp.PGPPrivateKey;
import org.bouncycastle.openpgp.PGPPublicKey;
import org.bouncycastle.openpgp.PGPPublicKeyEncryptedData;
import org.bouncycastle.openpgp.PGPPublicKeyRing;
import org.bouncycastle.openpgp.PGPPublicKeyRingCollection;
import org.bouncycastle.openpgp.PGPSecretKey;
import org.bouncycastle.openpgp.PGPSecretKeyRing;
import org.bouncycastle.openpgp.PGPSignature;
import org.bouncycastle.openpgp.PGPSignatureGenerator;
import org.bouncycastle.openpgp.PGPSignatureList;
import org.bouncycastle.openpgp.PGPUtil;
import org.bouncycastle.openpgp.jcajce.JcaPGPObjectFactory;
import org.bouncycastle.openpgp.operator.jcajce.JcaKeyFingerprintCalculator;
import org.bouncycastle.openpgp.operator.jcajce.JcaPGPContentSignerBuilder;
import org.bouncycastle.openpgp.operator.jcajce.JcaPGPContentVerifierBuilderProvider;
import org.bouncycastle.openpgp.operator.jcajce.JcePBESecretKeyDecryptorBuilder;
import org.bouncycastle.openpgp.operator.jcajce.JcePGPDataEncryptorBuilder;
import org.bouncycastle.openpgp.operator.jcajce.JcePublicKeyDataDecryptorFactoryBuilder;
import org.bouncycastle.openpgp.operator.jcajce.JcePublicKeyKeyEncryptionMethodGenerator;

/** OpenPGP messages as a gateway makes them: signed over SHA-512, compressed, with an integrity packet. */
final class Pgp {

    private static final Map<String, Integer> COMPRESSIONS = Map.of(
        "none", CompressionAlgorithmTags.UNCOMPRESSED,
        "zip", CompressionAlgorithmTags.ZIP,
        "zlib", CompressionAlgorithmTags.ZLIB,
        "bzip2", CompressionAlgorithmTags.BZIP2);

    private Pgp() {}

    static String protect(Map<String, String> given) throws Exception {
        byte[] data = People.read(given, "in");
        PGPSecretKey key = secretRing(given).getSecretKey();
        PGPEncryptedDataGenerator sealed = new PGPEncryptedDataGenerator(
            new JcePGPDataEncryptorBuilder(Integer.parseInt(given.get("cipher")))
                .setWithIntegrityPacket(true).setSecureRandom(new SecureRandom()).setProvider("BC"));
        int recipients = 0;
        for (PGPPublicKeyRing ring : publicRings(given)) {
            sealed.addMethod(new JcePublicKeyKeyEncryptionMethodGenerator(encrypting(ring)).setProvider("BC"));
            recipients++;
        }
        ByteArrayOutputStream made = new ByteArrayOutputStream();
        OutputStream inside = sealed.open(made, new byte[4096]);
        PGPCompressedDataGenerator compressed =
            new PGPCompressedDataGenerator(COMPRESSIONS.get(given.get("compression")));
        OutputStream packed = compressed.open(inside);
        PGPSignatureGenerator signature = new PGPSignatureGenerator(
            new JcaPGPContentSignerBuilder(key.getPublicKey().getAlgorithm(), HashAlgorithmTags.SHA512)
                .setProvider("BC"));
        signature.init(PGPSignature.BINARY_DOCUMENT, opened(key, given));
        signature.generateOnePassVersion(false).encode(packed);
        PGPLiteralDataGenerator literal = new PGPLiteralDataGenerator();
        OutputStream content = literal.open(packed, PGPLiteralData.BINARY, "", data.length, new Date());
        content.write(data);
        signature.update(data);
        literal.close();
        signature.generate().encode(packed);
        compressed.close();
        sealed.close();
        People.write(given, "out", made.toByteArray());
        return "ok\trecipients=" + recipients;
    }

    static String open(Map<String, String> given) throws Exception {
        PGPObjectFactory outer = factory(new ByteArrayInputStream(People.read(given, "in")));
        Object first = outer.nextObject();
        PGPEncryptedDataList list =
            (PGPEncryptedDataList) (first instanceof PGPEncryptedDataList ? first : outer.nextObject());
        PGPSecretKeyRing ring = secretRing(given);
        for (PGPEncryptedData item : list) {
            if (item instanceof PGPPublicKeyEncryptedData ours && ring.getSecretKey(ours.getKeyID()) != null) {
                PGPPrivateKey key = opened(ring.getSecretKey(ours.getKeyID()), given);
                InputStream clear = ours.getDataStream(
                    new JcePublicKeyDataDecryptorFactoryBuilder().setProvider("BC").build(key));
                boolean isGood = isSigned(clear, given);
                boolean isWhole = ours.isIntegrityProtected() && ours.verify();
                return "ok\tintegrity=" + isWhole + "\tverify=" + isGood;
            }
        }
        return "failed\tno recipient";
    }

    private static boolean isSigned(InputStream clear, Map<String, String> given) throws Exception {
        PGPObjectFactory plain = new JcaPGPObjectFactory(clear);
        Object next = plain.nextObject();
        if (next instanceof PGPCompressedData compressed) {
            plain = new JcaPGPObjectFactory(compressed.getDataStream());
            next = plain.nextObject();
        }
        PGPOnePassSignature signature = ((PGPOnePassSignatureList) next).get(0);
        PGPPublicKey signer = publicRings(given).getPublicKey(signature.getKeyID());
        signature.init(new JcaPGPContentVerifierBuilderProvider().setProvider("BC"), signer);
        byte[] data = ((PGPLiteralData) plain.nextObject()).getInputStream().readAllBytes();
        signature.update(data);
        boolean isGood = signature.verify(((PGPSignatureList) plain.nextObject()).get(0));
        clear.readAllBytes();
        People.write(given, "out", data);
        return isGood;
    }

    private static PGPObjectFactory factory(InputStream data) throws Exception {
        return new JcaPGPObjectFactory(PGPUtil.getDecoderStream(data));
    }

    private static PGPSecretKeyRing secretRing(Map<String, String> given) throws Exception {
        InputStream data = new ByteArrayInputStream(People.read(given, "secret"));
        return new PGPSecretKeyRing(PGPUtil.getDecoderStream(data), new JcaKeyFingerprintCalculator());
    }

    private static PGPPublicKeyRingCollection publicRings(Map<String, String> given) throws Exception {
        InputStream data = new ByteArrayInputStream(People.read(given, "public"));
        return new PGPPublicKeyRingCollection(PGPUtil.getDecoderStream(data), new JcaKeyFingerprintCalculator());
    }

    private static PGPPublicKey encrypting(PGPPublicKeyRing ring) {
        PGPPublicKey found = null;
        for (PGPPublicKey key : ring) {
            if (key.isEncryptionKey() && (found == null || !key.isMasterKey())) {
                found = key;
            }
        }
        return found;
    }

    private static PGPPrivateKey opened(PGPSecretKey key, Map<String, String> given) throws Exception {
        return key.extractPrivateKey(new JcePBESecretKeyDecryptorBuilder().setProvider("BC")
            .build(given.get("passphrase").toCharArray()));
    }
}
