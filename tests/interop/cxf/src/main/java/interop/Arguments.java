package interop;

import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;

/** The command line: {@code --keys DIR [--port NUMBER] [--tls] [--verbose]}. */
record Arguments(Path keys, int port, boolean tls, boolean verbose) {

    static Arguments parse(String[] args) {
        Path keys = null;
        int port = 0;
        boolean tls = false;
        boolean verbose = false;
        Iterator<String> rest = List.of(args).iterator();
        while (rest.hasNext()) {
            String name = rest.next();
            switch (name) {
                case "--keys" -> keys = Path.of(value(name, rest));
                case "--port" -> port = Integer.parseInt(value(name, rest));
                case "--tls" -> tls = true;
                case "--verbose" -> verbose = true;
                default -> throw new IllegalArgumentException("unknown argument " + name);
            }
        }
        if (keys == null) {
            throw new IllegalArgumentException("--keys DIR is missing");
        }
        return new Arguments(keys, port, tls, verbose);
    }

    private static String value(String name, Iterator<String> rest) {
        if (!rest.hasNext()) {
            throw new IllegalArgumentException(name + " needs a value");
        }
        return rest.next();
    }
}
