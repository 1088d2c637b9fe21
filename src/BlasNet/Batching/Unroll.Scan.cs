using BlasNet.Graphs;
using BlasNet.Graphs.Functions;

namespace BlasNet.Batching;

/// <content>Recurrences whose steps are one node: a call for the starts, one for what does not depend on states, then the scan.</content>
internal sealed partial class Unroll
{
    private Rewriter? _shared;
    private int[] _before = [];

    /// <summary>Appends the scan, and what comes before it.</summary>
    /// <param name="calls">Appends a call.</param>
    /// <param name="scan">How the steps become one node.</param>
    /// <param name="lists">The lists of columns that sources refer to.</param>
    /// <returns>As <see cref="Run"/>.</returns>
    public int RunScan(ICalls calls, Scan scan, ReadOnlySpan<int> lists)
    {
        Prepare(calls);
        _inputs.Clear();
        CollectStart(_order.Level(0), lists);
        _calls.Add(_body.Start, Inputs, _order.Level(0).Length, shared: false, _states.AsSpan(0, Parts));
        if (_order.LevelCount == 1)
            return AppendStacks(1);

        ReadOnlySpan<int> before = ComputeBefore(scan, lists);
        _inputs.Clear();
        _inputs.AddRange(_states.AsSpan(0, Parts));
        _inputs.AddRange(before);
        AddShared(scan);
        ScanOperator op = scan.Operator;
        int node = _target.AppendWithResults(op, _order.AddScan(_target), Inputs, op.ResultShape(0, default), _order.Steps.Length, shared: false);
        for (int part = 0; part < Parts; part++)
            _states[Parts + part] = _target.ResultsOf(node)[part];

        return AppendStacks(2);
    }

    // For all vertices at once.
    private ReadOnlySpan<int> ComputeBefore(Scan scan, ReadOnlySpan<int> lists)
    {
        if (scan.Before is not { } body)
            return [];

        _inputs.Clear();
        if (_body.ReadsInput)
            AddInput(_order.Steps, lists);

        AddBrought(_body.Step, _order.Steps, lists);
        int count = body.Outputs.Length;
        if (_before.Length < count)
            _before = new int[count];

        _calls.Add(body, Inputs, _order.Steps.Length, shared: false, _before.AsSpan(0, count));
        return _before.AsSpan(0, count);
    }

    // Parameters, constants that the step brings, and what follows from them alone.
    private void AddShared(Scan scan)
    {
        if (_shared?.Target != _target)
            _shared = new Rewriter(_target);

        _shared.Continue(scan.Step);
        _shared.ForgetPlaces();
        foreach (int node in scan.Shared)
            _inputs.Add(CopyShared(scan.Step, node));
    }

    private int CopyShared(Graph step, int node)
    {
        if (_shared![node] >= 0)
            return _shared[node];

        if (step.OperatorOf(node) == ArgumentOperator.Instance)
        {
            int brought = (int)step.AttributeOf(node) - (_body.ReadsInput ? 1 : 0) - (_body.Slots * Parts);
            return _shared[node] = SourceOf(0, _body.FirstBroughtBy(_body.Step) + brought).Node;
        }

        foreach (int input in step.InputsOf(node))
            CopyShared(step, input);

        _shared.Copy(node);
        return _shared[node];
    }
}
