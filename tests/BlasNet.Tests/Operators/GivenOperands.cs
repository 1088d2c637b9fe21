using System.Numerics;
using BlasNet.Graphs;

namespace BlasNet.Tests.Operators;

/// <summary>The operands of a graph's nodes as a test laid them.</summary>
/// <param name="Of">By number of the node.</param>
internal sealed record GivenOperands<T>(Operand<T>[] Of) : IOperandSource<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public Operand<T> OperandOf(int node) => Of[node];

    public bool IsInSum(int node) => false;
}
