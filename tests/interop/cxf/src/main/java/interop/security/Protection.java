package interop.security;

import org.apache.wss4j.common.ConfigurationConstants;

/** The WSS4J actions of a request and of its answer. */
enum Protection {
    NONE("", false, false),
    USERNAME_DIGEST(ConfigurationConstants.USERNAME_TOKEN, false, false),
    USERNAME_TEXT(ConfigurationConstants.USERNAME_TOKEN, false, false),
    SIGNED(
        ConfigurationConstants.TIMESTAMP + " " + ConfigurationConstants.SIGNATURE, true, false),
    ENCRYPTED(ConfigurationConstants.ENCRYPTION, false, true),
    SIGNED_AND_ENCRYPTED(
        ConfigurationConstants.TIMESTAMP + " " + ConfigurationConstants.SIGNATURE + " "
            + ConfigurationConstants.ENCRYPTION,
        true,
        true);

    private final String actions;
    private final boolean signs;
    private final boolean encrypts;

    Protection(String actions, boolean signs, boolean encrypts) {
        this.actions = actions;
        this.signs = signs;
        this.encrypts = encrypts;
    }

    String requestActions() {
        return actions;
    }

    /** The same as for the request, but that a server has no UsernameToken to send. */
    String answerActions() {
        return signs || encrypts ? actions : "";
    }

    boolean signs() {
        return signs;
    }

    boolean encrypts() {
        return encrypts;
    }
}
