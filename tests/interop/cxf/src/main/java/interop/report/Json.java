package interop.report;

import java.util.Map;
import java.util.StringJoiner;

/** Compact JSON in ASCII, since an HTTP header takes no other characters safely. */
final class Json {

    private Json() {
    }

    static String write(Object value) {
        if (value instanceof Map<?, ?> map) {
            StringJoiner members = new StringJoiner(",", "{", "}");
            map.forEach((key, member) ->
                members.add(quote(key.toString()) + ":" + write(member)));
            return members.toString();
        }
        if (value instanceof Iterable<?> items) {
            StringJoiner elements = new StringJoiner(",", "[", "]");
            items.forEach(item -> elements.add(write(item)));
            return elements.toString();
        }
        return value == null ? "null" : quote(value.toString());
    }

    private static String quote(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c < ' ' || c > '~') {
                quoted.append(String.format("\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }
}
