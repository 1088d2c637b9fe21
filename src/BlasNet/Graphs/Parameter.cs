namespace BlasNet.Graphs;

/// <summary>A named parameter of a model: the same value for every example, and what training changes.</summary>
/// <remarks>Usable wherever an <see cref="Expr"/> is: <c>Tanh(b)</c>, <c>-b</c>, <c>Transpose(W) * x</c>.</remarks>
public sealed partial class Parameter
{
    internal Parameter(string name, Shape shape, bool isWeight, int index, int offset, object model) =>
        (Name, Shape, IsWeight, Index, Offset, Model) = (name, shape, isWeight, index, offset, model);

    /// <summary>Unique within its model.</summary>
    public string Name { get; }

    /// <summary>[rows × columns]; a weight of a layer is [outputs × inputs].</summary>
    public Shape Shape { get; }

    /// <summary>Whether it was made as a weight, which is usually what decays, and not as a bias.</summary>
    public bool IsWeight { get; }

    /// <summary>Position in the model's list of parameters.</summary>
    internal int Index { get; }

    /// <summary>First element in the model's flat buffer.</summary>
    internal int Offset { get; }

    internal object Model { get; }

    /// <summary>The parameter as an expression; it joins the graph of whatever it is combined with.</summary>
    public static implicit operator Expr(Parameter parameter) => new(parameter);

    /// <summary>The parameter as an expression; it joins the graph of whatever it is combined with.</summary>
    public Expr ToExpr() => this;

    /// <summary><c>parameter [rows × columns]</c></summary>
    public override string ToString() => $"{Name} {Shape}";
}
