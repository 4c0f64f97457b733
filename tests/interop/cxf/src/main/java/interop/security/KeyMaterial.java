package interop.security;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import org.apache.wss4j.common.crypto.Crypto;
import org.apache.wss4j.common.crypto.Merlin;

/** The server's key pair and the certificates it trusts, from two PKCS#12 files. */
public final class KeyMaterial {

    static final String SERVER_ALIAS = "server";
    static final String CLIENT_ALIAS = "client";
    private static final String CA_ALIAS = "ca";

    private final Crypto crypto;
    private final String password;

    private KeyMaterial(Crypto crypto, String password) {
        this.crypto = crypto;
        this.password = password;
    }

    public static KeyMaterial load(Path directory, String password)
            throws IOException, GeneralSecurityException {
        if (password == null) {
            throw new IllegalArgumentException("the environment has no PEER_PASSWORD");
        }
        KeyStore own = open(directory.resolve("server.p12"), password);
        require(own.isKeyEntry(SERVER_ALIAS), "server.p12 has no key with the alias server");
        KeyStore trusted = open(directory.resolve("client-trust.p12"), password);
        for (String alias : new String[] {CLIENT_ALIAS, CA_ALIAS}) {
            // Java ignores certificates without its own trust attribute in a PKCS#12 file.
            require(
                trusted.isCertificateEntry(alias),
                "client-trust.p12 has no certificate that Java trusts with the alias " + alias);
        }
        Merlin crypto = new Merlin();
        crypto.setKeyStore(own);
        crypto.setTrustStore(trusted);
        return new KeyMaterial(crypto, password);
    }

    Crypto crypto() {
        return crypto;
    }

    String password() {
        return password;
    }

    private static KeyStore open(Path file, String password)
            throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream content = Files.newInputStream(file)) {
            store.load(content, password.toCharArray());
        }
        return store;
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }
}
