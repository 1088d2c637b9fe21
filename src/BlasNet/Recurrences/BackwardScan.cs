using BlasNet.Graphs;
using BlasNet.Graphs.Functions;

namespace BlasNet.Recurrences;

/// <summary>The gradient of a <see cref="ForwardScan"/>, from the last level to the first.</summary>
/// <remarks>Never differentiated: a recurrence whose gradient is to be differentiated is unrolled before.</remarks>
/// <param name="name">For printing.</param>
/// <param name="backward">What it computes.</param>
/// <param name="given">A bit for each part of the state whose gradient is among the inputs, after the others.</param>
internal sealed class BackwardScan(string name, BackwardProgram backward, uint given) : ScanOperator(backward.Program.Results)
{
    private readonly bool[] _indirect = [.. Enumerable.Range(0, backward.Inputs.Length).Select(backward.ReadsIndirect)];

    public override string Name { get; } = name;

    public override int LaunchesOver(ScanList list) => backward.Program.Steps.Length * list.Levels;

    public override long CopiedBy(ScanList list) => backward.Program.CopiedBy(list);

    public override long ScratchOf(ScanList list) => backward.Program.ScratchOf(list);

    public override long FlopsOfVertex => backward.Program.Flops;

    public override void Forward<T>(in Operands<T> stack) => ScanRun<T>.Backward(backward, given, stack, stack.Output.Count);

    public override bool ReadsIndirect(int input) => input < _indirect.Length && _indirect[input];

    public override void Gradient(in GradientContext g) =>
        throw new InvalidOperationException("Error in BlasNet: the gradient of a scan cannot be differentiated.");
}
