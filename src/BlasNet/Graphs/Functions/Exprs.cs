using System.Runtime.CompilerServices;

namespace BlasNet.Graphs.Functions;

/// <summary>An argument or result of a function as a list of expressions: one, or a tuple of two to four.</summary>
/// <remarks>The comparisons of types are decided when the method is compiled; nothing is boxed.</remarks>
internal static class Exprs<T>
{
    private static readonly int Count =
        typeof(T) == typeof(Expr) ? 1
        : typeof(T) == typeof((Expr, Expr)) ? 2
        : typeof(T) == typeof((Expr, Expr, Expr)) ? 3
        : typeof(T) == typeof((Expr, Expr, Expr, Expr)) ? 4
        : throw new NotSupportedException($"A function's argument or result must be an Expr or a tuple of two to four, not {typeof(T)}.");

    /// <summary>Lists the expressions; returns how many they are.</summary>
    public static int Write(T value, Span<Expr> target)
    {
        if (typeof(T) == typeof(Expr))
            target[0] = Unsafe.As<T, Expr>(ref value);
        else if (typeof(T) == typeof((Expr, Expr)))
            (target[0], target[1]) = Unsafe.As<T, (Expr, Expr)>(ref value);
        else if (typeof(T) == typeof((Expr, Expr, Expr)))
            (target[0], target[1], target[2]) = Unsafe.As<T, (Expr, Expr, Expr)>(ref value);
        else if (Count == 4)
            (target[0], target[1], target[2], target[3]) = Unsafe.As<T, (Expr, Expr, Expr, Expr)>(ref value);

        return Count;
    }

    public static Expr[] ToArray(T value)
    {
        var list = new Expr[Count];
        Write(value, list);
        return list;
    }

    /// <summary>The expressions at the head of a list, which are taken off.</summary>
    public static T Take(ref Expr[] list)
    {
        Expr[] all = list;
        list = all[Count..];
        return Make(all[0], Count > 1 ? all[1] : default, Count > 2 ? all[2] : default, Count > 3 ? all[3] : default);
    }

    /// <summary>The results of a call: its own node, or, of several, the nodes after it.</summary>
    public static T Read(Expr call) => Count == 1 ? Make(call, default, default, default)
        : Make(call.After(1), call.After(2), Count > 2 ? call.After(3) : default, Count > 3 ? call.After(4) : default);

    private static T Make(Expr a, Expr b, Expr c, Expr d)
    {
        if (typeof(T) == typeof(Expr))
            return Unsafe.As<Expr, T>(ref a);

        if (typeof(T) == typeof((Expr, Expr)))
        {
            var two = (a, b);
            return Unsafe.As<(Expr, Expr), T>(ref two);
        }

        if (typeof(T) == typeof((Expr, Expr, Expr)))
        {
            var three = (a, b, c);
            return Unsafe.As<(Expr, Expr, Expr), T>(ref three);
        }

        var four = (a, b, c, d);
        return Unsafe.As<(Expr, Expr, Expr, Expr), T>(ref four);
    }
}
