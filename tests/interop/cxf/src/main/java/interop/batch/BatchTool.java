package interop.batch;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.security.Security;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.LogManager;
import org.apache.wss4j.dom.engine.WSSConfig;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/** Protects and checks messages with WSS4J: a line of JSON in, a line of JSON out, until the end. */
public final class BatchTool {

    private final Map<String, KeySet> sets = new HashMap<>();

    private BatchTool() {
    }

    public static void main(String[] args) throws IOException {
        PrintStream answers = System.out;
        // Nothing but answers may reach the launcher, whatever a library prints.
        System.setOut(System.err);
        LogManager.getLogManager().reset();
        if (List.of(args).contains("--bouncy-castle")) {
            Security.insertProviderAt(new BouncyCastleProvider(), 1);
        }
        WSSConfig.init();
        BatchTool tool = new BatchTool();
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            answers.println(Json.write(tool.answer(line)));
            answers.flush();
        }
    }

    private Map<String, Object> answer(String line) {
        Map<String, Object> answer = new LinkedHashMap<>();
        try {
            Fields question = Fields.read(line);
            answer.put("id", question.raw("id"));
            answer.putAll(act(question));
            answer.put("ok", true);
        } catch (Exception | LinkageError | StackOverflowError failure) {
            answer.put("ok", false);
            answer.put("error", String.join(": ", messages(failure)));
        }
        return answer;
    }

    private Map<String, Object> act(Fields question) throws Exception {
        String name = question.text("set", "");
        String operation = question.text("op");
        if ("keys".equals(operation)) {
            sets.put(name, KeySet.load(question));
            return Map.of();
        }
        KeySet keys = sets.get(name);
        if (keys == null) {
            throw new IllegalArgumentException("no keys were given for the set " + name);
        }
        return switch (operation) {
            case "protect" -> Protector.protect(question, keys);
            case "check" -> Checker.check(question, keys);
            default -> throw new IllegalArgumentException("unknown operation " + operation);
        };
    }

    private static List<String> messages(Throwable failure) {
        List<String> messages = new ArrayList<>();
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String text = cause.getMessage();
            String message = text == null ? cause.getClass().getSimpleName() : text;
            if (messages.stream().noneMatch(earlier -> earlier.contains(message))) {
                messages.add(message);
            }
        }
        return messages;
    }
}
