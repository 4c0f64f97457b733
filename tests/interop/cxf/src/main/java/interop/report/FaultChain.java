package interop.report;

import java.util.ArrayList;
import java.util.List;

/** The messages of an exception and its causes: the Fault itself hides what WSS4J found. */
final class FaultChain {

    private FaultChain() {
    }

    static List<String> describe(Throwable failure) {
        List<String> messages = new ArrayList<>();
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String message = String.valueOf(cause.getMessage());
            if (!messages.contains(message)) {
                messages.add(message);
            }
        }
        return messages;
    }
}
