using BlasNet.Graphs;
using static BlasNet.Operators.Op;

namespace BlasNet.Layers;

/// <summary>The weights and biases of several gates, one above the other, so that all of them are one product.</summary>
/// <remarks>The first values are drawn for each gate by itself. A parameter is named for its gates: <c>Wifou</c> is Wi above Wf above Wo above Wu.</remarks>
internal static class Gates
{
    public static Parameter Weight(IParameters parameters, string layer, string letter, string gates, int hidden, int inputs) =>
        parameters.Weight($"{layer}.{letter}{gates}", Length(gates.Length, hidden), inputs,
            new StackedInitializer([.. gates.Select(_ => Initializer.GlorotUniform())]));

    /// <summary>0, but 1 for a forget gate, so that a new network remembers.</summary>
    /// <remarks>Source: Jozefowicz, Zaremba, Sutskever, "An Empirical Exploration of Recurrent Network Architectures", ICML 2015.</remarks>
    public static Parameter Bias(IParameters parameters, string layer, string gates, int hidden) =>
        parameters.Bias($"{layer}.b{gates}", Length(gates.Length, hidden),
            new StackedInitializer([.. gates.Select(gate => Initializer.Constant(gate == 'f' ? 1 : 0))]));

    /// <summary>The length of several vectors of the hidden size.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is more than an integer holds.</exception>
    public static int Length(int vectors, int hidden) => hidden <= int.MaxValue / vectors ? vectors * hidden
        : throw new ArgumentOutOfRangeException(nameof(hidden), hidden, $"A layer of {vectors} gates cannot have {hidden} numbers for each.");

    /// <summary>One gate's part of what all of them start from.</summary>
    public static Expr Of(Expr z, int gate, int hidden) => Slice(z, gate * hidden, hidden);
}
