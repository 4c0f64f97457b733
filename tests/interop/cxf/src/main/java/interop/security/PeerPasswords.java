package interop.security;

import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import javax.security.auth.callback.UnsupportedCallbackException;
import org.apache.wss4j.common.ext.WSPasswordCallback;

/** Answers WSS4J's questions for the password of a user or of the server's key. */
record PeerPasswords(String keyPassword) implements CallbackHandler {

    private static final String USER = "alice";
    private static final String USER_PASSWORD = "ecila-secret";

    @Override
    public void handle(Callback[] callbacks) throws UnsupportedCallbackException {
        for (Callback callback : callbacks) {
            if (!(callback instanceof WSPasswordCallback question)) {
                throw new UnsupportedCallbackException(callback);
            }
            question.setPassword(answer(question));
        }
    }

    private String answer(WSPasswordCallback question) {
        String name = question.getIdentifier();
        return switch (question.getUsage()) {
            case WSPasswordCallback.USERNAME_TOKEN -> USER.equals(name) ? USER_PASSWORD : null;
            case WSPasswordCallback.DECRYPT, WSPasswordCallback.SIGNATURE ->
                KeyMaterial.SERVER_ALIAS.equals(name) ? keyPassword : null;
            default -> null;
        };
    }
}
