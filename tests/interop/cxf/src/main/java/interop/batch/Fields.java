package interop.batch;

import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The members of one JSON object; a null counts as absent. */
record Fields(Map<?, ?> members) {

    static Fields read(String line) {
        return of(Json.read(line));
    }

    private static Fields of(Object value) {
        if (value instanceof Map<?, ?> map) {
            return new Fields(map);
        }
        throw new IllegalArgumentException("an object is needed, not " + value);
    }

    boolean has(String name) {
        return members.get(name) != null;
    }

    Object raw(String name) {
        return members.get(name);
    }

    String text(String name) {
        if (!has(name)) {
            throw new IllegalArgumentException("the field " + name + " is missing");
        }
        return members.get(name).toString();
    }

    String text(String name, String fallback) {
        return has(name) ? text(name) : fallback;
    }

    boolean flag(String name, boolean fallback) {
        return has(name) ? Boolean.parseBoolean(text(name)) : fallback;
    }

    int number(String name, int fallback) {
        return has(name) ? Integer.parseInt(text(name)) : fallback;
    }

    /** A list of texts; a lone text is a list of one. */
    List<String> texts(String name) {
        if (members.get(name) instanceof List<?> items) {
            return items.stream().map(Object::toString).toList();
        }
        return has(name) ? List.of(text(name)) : List.of();
    }

    List<byte[]> octets(String name) {
        return texts(name).stream().map(Base64.getDecoder()::decode).toList();
    }

    List<Fields> objects(String name) {
        return members.get(name) instanceof List<?> items
            ? items.stream().map(Fields::of).toList()
            : List.of();
    }

    Fields object(String name) {
        return has(name) ? of(members.get(name)) : new Fields(Map.of());
    }

    Map<String, byte[]> octetsByName(String name) {
        Map<String, byte[]> table = new LinkedHashMap<>();
        object(name).members().forEach((key, value) ->
            table.put(key.toString(), Base64.getDecoder().decode(value.toString())));
        return table;
    }
}
