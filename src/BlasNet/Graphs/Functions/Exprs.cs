using System.Runtime.CompilerServices;

namespace BlasNet.Graphs.Functions;

/// <summary>An argument or result of a function as a list of expressions: one, or a tuple of two to four.</summary>
/// <remarks>The comparisons of types are decided when the method is compiled; nothing is boxed.</remarks>
internal static class Exprs<T>
{
    /// <summary>How many expressions they are; 0 of another type.</summary>
    public static readonly int Count =
        typeof(T) == typeof(Expr) ? 1
        : typeof(T) == typeof((Expr, Expr)) ? 2
        : typeof(T) == typeof((Expr, Expr, Expr)) ? 3
        : typeof(T) == typeof((Expr, Expr, Expr, Expr)) ? 4
        : 0;

    /// <summary>Refuses another type where a function is made, not where it is first called.</summary>
    /// <exception cref="NotSupportedException">It is neither an expression nor a tuple of two to four.</exception>
    public static void Require(string name)
    {
        if (Count == 0)
            throw new NotSupportedException($"{name}: an argument, a result or a state must be an Expr or a tuple of two to four, not {typeof(T)}.");
    }

    /// <summary>The graph of the first of them that is in one; null where all are parameters.</summary>
    public static Graph? GraphOf(T value)
    {
        Graph? graph = At(ref value, 0).GraphIfAny;
        for (int i = 1; i < Count && graph is null; i++)
            graph = At(ref value, i).GraphIfAny;

        return graph;
    }

    /// <summary>Writes their nodes in a graph, which parameters join.</summary>
    public static void Write(T value, Graph graph, Span<int> target)
    {
        for (int i = 0; i < Count; i++)
            target[i] = At(ref value, i).IndexIn(graph);
    }

    public static Expr[] ToArray(T value)
    {
        var list = new Expr[Count];
        for (int i = 0; i < Count; i++)
            list[i] = At(ref value, i);

        return list;
    }

    /// <summary>The expressions at the head of a list, which are taken off.</summary>
    public static T Take(ref Expr[] list)
    {
        T value = default!;
        for (int i = 0; i < Count; i++)
            At(ref value, i) = list[i];

        list = list[Count..];
        return value;
    }

    /// <summary>The results of a call.</summary>
    public static T Read(Graph graph, int call)
    {
        T value = default!;
        ResultRange results = graph.ResultsOf(call);
        for (int i = 0; i < Count; i++)
            At(ref value, i) = new Expr(graph, results[i]);

        return value;
    }

    private static ref Expr At(ref T value, int index)
    {
        if (typeof(T) == typeof(Expr))
            return ref Unsafe.As<T, Expr>(ref value);

        if (typeof(T) == typeof((Expr, Expr)))
        {
            ref (Expr, Expr) two = ref Unsafe.As<T, (Expr, Expr)>(ref value);
            return ref index == 0 ? ref two.Item1 : ref two.Item2;
        }

        if (typeof(T) == typeof((Expr, Expr, Expr)))
        {
            ref (Expr, Expr, Expr) three = ref Unsafe.As<T, (Expr, Expr, Expr)>(ref value);
            return ref index == 0 ? ref three.Item1 : ref index == 1 ? ref three.Item2 : ref three.Item3;
        }

        ref (Expr, Expr, Expr, Expr) four = ref Unsafe.As<T, (Expr, Expr, Expr, Expr)>(ref value);
        return ref index == 0 ? ref four.Item1 : ref index == 1 ? ref four.Item2 : ref index == 2 ? ref four.Item3 : ref four.Item4;
    }
}
