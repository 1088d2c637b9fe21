using BlasNet.Graphs.Functions;

namespace BlasNet.Graphs;

/// <summary>A function of one argument; made by <see cref="Function.Of{T, TResult}(string, Func{T, TResult})"/>.</summary>
public sealed class Function<T, TResult> : Function
{
    private readonly Func<T, TResult> _body;

    internal Function(string name, Func<T, TResult> body)
        : base(name, body)
    {
        Exprs<T>.Require(name);
        Exprs<TResult>.Require(name);
        _body = body;
    }

    /// <summary>Adds a call to the argument's graph.</summary>
    /// <exception cref="ShapeException">The body cannot take an argument of this shape.</exception>
    /// <exception cref="InvalidOperationException">The body uses or returns an expression that it was not given, or brings data of its own.</exception>
    public TResult Call(T x)
    {
        Graph graph = Exprs<T>.GraphOf(x) ?? GraphAtHand();
        Span<int> inputs = graph.NewInputs(Exprs<T>.Count);
        Exprs<T>.Write(x, graph, inputs);
        return Exprs<TResult>.Read(graph, Invoke(graph, inputs));
    }

    private protected override Expr[] Trace(Expr[] arguments) => Exprs<TResult>.ToArray(_body(Exprs<T>.Take(ref arguments)));
}

/// <summary>A function of two arguments; made by <see cref="Function.Of{T1, T2, TResult}(string, Func{T1, T2, TResult})"/>.</summary>
public sealed class Function<T1, T2, TResult> : Function
{
    private readonly Func<T1, T2, TResult> _body;

    internal Function(string name, Func<T1, T2, TResult> body)
        : base(name, body)
    {
        Exprs<T1>.Require(name);
        Exprs<T2>.Require(name);
        Exprs<TResult>.Require(name);
        _body = body;
    }

    /// <summary>Adds a call to the arguments' graph.</summary>
    /// <inheritdoc cref="Function{T, TResult}.Call(T)" path="/exception"/>
    public TResult Call(T1 x, T2 y)
    {
        Graph graph = Exprs<T1>.GraphOf(x) ?? Exprs<T2>.GraphOf(y) ?? GraphAtHand();
        Span<int> inputs = graph.NewInputs(Exprs<T1>.Count + Exprs<T2>.Count);
        Exprs<T1>.Write(x, graph, inputs);
        Exprs<T2>.Write(y, graph, inputs[Exprs<T1>.Count..]);
        return Exprs<TResult>.Read(graph, Invoke(graph, inputs));
    }

    private protected override Expr[] Trace(Expr[] arguments) =>
        Exprs<TResult>.ToArray(_body(Exprs<T1>.Take(ref arguments), Exprs<T2>.Take(ref arguments)));
}

/// <summary>A function of three arguments; made by <see cref="Function.Of{T1, T2, T3, TResult}(string, Func{T1, T2, T3, TResult})"/>.</summary>
public sealed class Function<T1, T2, T3, TResult> : Function
{
    private readonly Func<T1, T2, T3, TResult> _body;

    internal Function(string name, Func<T1, T2, T3, TResult> body)
        : base(name, body)
    {
        Exprs<T1>.Require(name);
        Exprs<T2>.Require(name);
        Exprs<T3>.Require(name);
        Exprs<TResult>.Require(name);
        _body = body;
    }

    /// <summary>Adds a call to the arguments' graph.</summary>
    /// <inheritdoc cref="Function{T, TResult}.Call(T)" path="/exception"/>
    public TResult Call(T1 x, T2 y, T3 z)
    {
        Graph graph = Exprs<T1>.GraphOf(x) ?? Exprs<T2>.GraphOf(y) ?? Exprs<T3>.GraphOf(z) ?? GraphAtHand();
        Span<int> inputs = graph.NewInputs(Exprs<T1>.Count + Exprs<T2>.Count + Exprs<T3>.Count);
        Exprs<T1>.Write(x, graph, inputs);
        Exprs<T2>.Write(y, graph, inputs[Exprs<T1>.Count..]);
        Exprs<T3>.Write(z, graph, inputs[(Exprs<T1>.Count + Exprs<T2>.Count)..]);
        return Exprs<TResult>.Read(graph, Invoke(graph, inputs));
    }

    private protected override Expr[] Trace(Expr[] arguments) =>
        Exprs<TResult>.ToArray(_body(Exprs<T1>.Take(ref arguments), Exprs<T2>.Take(ref arguments), Exprs<T3>.Take(ref arguments)));
}
