package payload;

import java.io.ByteArrayInputStream;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Map;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;

/** Keys, certificates and data in the folder that a line names. */
final class People {

    private People() {}

    static Path file(Map<String, String> given, String name) {
        return Path.of(given.get("folder"), name);
    }

    static byte[] read(Map<String, String> given, String what) throws Exception {
        return Files.readAllBytes(file(given, given.get(what)));
    }

    static void write(Map<String, String> given, String what, byte[] data) throws Exception {
        Files.write(file(given, given.get(what)), data);
    }

    static X509Certificate certificate(Map<String, String> given, String name) throws Exception {
        byte[] pem = Files.readAllBytes(file(given, name + ".pem"));
        return (X509Certificate) CertificateFactory.getInstance("X.509", "BC")
            .generateCertificate(new ByteArrayInputStream(pem));
    }

    static PrivateKey key(Map<String, String> given, String name) throws Exception {
        String pem = Files.readString(file(given, name + ".key"));
        try (PEMParser parser = new PEMParser(new StringReader(pem))) {
            PrivateKeyInfo info = (PrivateKeyInfo) parser.readObject();
            return new JcaPEMKeyConverter().setProvider("BC").getPrivateKey(info);
        }
    }

    static boolean is(Map<String, String> given, String name) {
        return "yes".equals(given.get(name));
    }
}
