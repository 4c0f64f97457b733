package interop;

import java.util.logging.ConsoleHandler;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.Logger;

final class Logging {

    private static final Logger ROOT = Logger.getLogger("");

    private Logging() {
    }

    /** Sends logs to standard error; a refusal is an expected event, so only errors by default. */
    static void configure(boolean verbose) {
        for (Handler handler : ROOT.getHandlers()) {
            ROOT.removeHandler(handler);
        }
        Level level = verbose ? Level.FINE : Level.SEVERE;
        Handler standardError = new ConsoleHandler();
        standardError.setLevel(level);
        ROOT.addHandler(standardError);
        ROOT.setLevel(verbose ? Level.INFO : Level.SEVERE);
        Logger.getLogger("org.apache.wss4j").setLevel(level);
    }
}
