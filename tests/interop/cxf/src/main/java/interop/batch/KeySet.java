package interop.batch;

import java.io.ByteArrayInputStream;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.wss4j.common.crypto.Crypto;
import org.apache.wss4j.common.crypto.CryptoType;
import org.apache.wss4j.common.crypto.Merlin;

/** Own key pairs, certificates of partners, trust anchors, shared secrets and users' passwords. */
record KeySet(
        Crypto crypto,
        String password,
        Map<String, byte[]> secrets,
        Map<String, byte[]> contexts,
        Map<String, String> users) {

    static KeySet load(Fields question) throws Exception {
        String password = question.text("password", "");
        // PKCS#12 would derive a key from the password at each use; this store lives in memory.
        KeyStore own = KeyStore.getInstance("JKS");
        own.load(null, null);
        for (byte[] file : question.octets("pkcs12")) {
            copy(file, own, password.toCharArray());
        }
        Fields keys = question.object("keys");
        for (Object alias : keys.members().keySet()) {
            addKey(alias.toString(), keys.object(alias.toString()), own, password.toCharArray());
        }
        KeyStore trusted = KeyStore.getInstance("JKS");
        trusted.load(null, null);
        for (Map.Entry<String, byte[]> partner : question.octetsByName("partners").entrySet()) {
            trusted.setCertificateEntry(partner.getKey(), certificate(partner.getValue()));
        }
        int number = 0;
        for (byte[] anchor : question.octets("anchors")) {
            trusted.setCertificateEntry("anchor " + ++number, certificate(anchor));
        }
        Merlin crypto = new Merlin();
        crypto.setKeyStore(own);
        crypto.setTrustStore(trusted);
        Map<String, String> users = new HashMap<>();
        question.object("users").members().forEach((user, secret) ->
            users.put(user.toString(), secret.toString()));
        return new KeySet(
            crypto, password, question.octetsByName("secrets"), new HashMap<>(), users);
    }

    /** The certificates of an alias, leaf first, own key pairs before partners. */
    X509Certificate[] certificates(String alias) throws Exception {
        CryptoType wanted = new CryptoType(CryptoType.TYPE.ALIAS);
        wanted.setAlias(alias);
        X509Certificate[] found = crypto.getX509Certificates(wanted);
        if (found == null || found.length == 0) {
            throw new IllegalArgumentException("no certificate has the alias " + alias);
        }
        return found;
    }

    private static void copy(byte[] file, KeyStore own, char[] password) throws Exception {
        KeyStore source = KeyStore.getInstance("PKCS12");
        source.load(new ByteArrayInputStream(file), password);
        for (String alias : Collections.list(source.aliases())) {
            if (source.isKeyEntry(alias)) {
                own.setKeyEntry(
                    alias,
                    source.getKey(alias, password),
                    password,
                    source.getCertificateChain(alias));
            }
        }
    }

    private static void addKey(String alias, Fields pair, KeyStore own, char[] password)
            throws Exception {
        List<Certificate> chain = new ArrayList<>();
        for (byte[] encoded : pair.octets("chain")) {
            chain.add(certificate(encoded));
        }
        String algorithm = chain.get(0).getPublicKey().getAlgorithm();
        PrivateKey key = KeyFactory.getInstance(algorithm)
            .generatePrivate(new PKCS8EncodedKeySpec(pair.octets("key").get(0)));
        own.setKeyEntry(alias, key, password, chain.toArray(new Certificate[0]));
    }

    private static Certificate certificate(byte[] encoded) throws Exception {
        return CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(encoded));
    }
}
