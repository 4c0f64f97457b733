package payload;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.Security;
import java.util.HashMap;
import java.util.Map;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/**
 * Signs, verifies, encrypts and decrypts CMS and OpenPGP: one line in, one line out.
 *
 * <p>A line is a verb and {@code name=value} pairs, separated by tabs. The answer is {@code ok} and
 * more of them, or {@code failed} and what went wrong.
 */
public final class CmsTool {

    private CmsTool() {}

    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            System.out.println(answer(line));
            System.out.flush();
        }
    }

    private static String answer(String line) {
        String[] words = line.split("\t");
        Map<String, String> given = new HashMap<>();
        for (int at = 1; at < words.length; at++) {
            int equals = words[at].indexOf('=');
            given.put(words[at].substring(0, equals), words[at].substring(equals + 1));
        }
        try {
            return switch (words[0]) {
                case "sign" -> Signatures.sign(given);
                case "verify" -> Signatures.verify(given);
                case "encrypt" -> Envelopes.encrypt(given);
                case "decrypt" -> Envelopes.decrypt(given);
                case "pgp-protect" -> Pgp.protect(given);
                case "pgp-open" -> Pgp.open(given);
                default -> "failed\tno such verb";
            };
        } catch (Exception | LinkageError problem) {
            return "failed\t" + String.valueOf(problem).replaceAll("\\s+", " ");
        }
    }
}
