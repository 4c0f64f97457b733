package interop.security;

/** What each service asks of a request and how it protects its answer. */
public enum SecuredService {
    PLAIN("plain", Protection.NONE),
    USERNAMETOKEN("usernametoken", Protection.USERNAME_DIGEST),
    USERNAMETOKEN_TEXT("usernametoken-text", Protection.USERNAME_TEXT),
    SIGNATURE("signature", Protection.SIGNED),
    ENCRYPTION("encryption", Protection.ENCRYPTED),
    ALL("all", Protection.SIGNED_AND_ENCRYPTED),
    SECURED_FAULT("secured-fault", Protection.SIGNED_AND_ENCRYPTED),
    UNSECURED_FAULT("unsecured-fault", Protection.SIGNED_AND_ENCRYPTED),
    ADDRESSING("addressing", Protection.SIGNED_AND_ENCRYPTED);

    private final String path;
    private final Protection protection;

    SecuredService(String path, Protection protection) {
        this.path = path;
        this.protection = protection;
    }

    public String path() {
        return path;
    }

    Protection protection() {
        return protection;
    }

    public boolean securesFaults() {
        return this == SECURED_FAULT;
    }

    public boolean isAddressed() {
        return this == ADDRESSING;
    }
}
