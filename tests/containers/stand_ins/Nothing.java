public class Nothing { public static void premain(String ignored) {} }
