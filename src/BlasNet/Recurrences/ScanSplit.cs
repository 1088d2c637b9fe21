using BlasNet.Batching;
using BlasNet.Graphs;
using BlasNet.Graphs.Functions;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Recurrences;

/// <summary>A recurrence's step in two: what depends on a state, and what can be computed for all vertices before.</summary>
/// <remarks>Constants are in the part that reads them; parameters, and what follows from them alone, are inputs of the first.</remarks>
internal sealed class ScanSplit
{
    private readonly RecurrenceBody _body;
    private readonly int[] _outputs;
    private readonly bool[] _needed, _depends;   // by node of the step: whether a state needs it, and whether it depends on one
    private readonly List<int> _before = [], _shared = [];

    public ScanSplit(RecurrenceBody body)
    {
        _body = body;
        (Step, _outputs) = WithoutCalls(body.Step);
        (_needed, _depends) = (new bool[Step.Count], new bool[Step.Count]);
        FindNodes();
        CollectInputs();
    }

    /// <summary>The step's graph, without calls.</summary>
    public Graph Step { get; }

    /// <summary>Nodes of the step that are the same for all vertices, and inputs of the scan.</summary>
    public IReadOnlyList<int> Shared => _shared;

    /// <summary>Number of values that are computed before.</summary>
    public int BeforeCount => _before.Count;

    /// <summary>Values that make up the predecessors' states.</summary>
    public int StateInputs => _body.Slots * _body.StateRows.Length;

    private int FirstState => _body.ReadsInput ? 1 : 0;

    /// <summary>What does not depend on a state; null where there is no such thing.</summary>
    public Body? Before()
    {
        if (_before.Count == 0)
            return null;

        var rewriter = new Rewriter(new Graph(Step.Precision) { IsBody = true });
        rewriter.Continue(Step);
        rewriter.ForgetPlaces();
        for (int node = 0; node < Step.Count; node++)
        {
            if (!_needed[node] || _depends[node])
                continue;

            if (Step.OperatorOf(node) == ArgumentOperator.Instance)
                rewriter[node] = Argument(rewriter.Target, node, BeforeArgument((int)Step.AttributeOf(node)));
            else
                rewriter.Copy(node);
        }

        return new Body(_body.Step, rewriter.Target, [.. _before.Select(node => rewriter[node])]);
    }

    /// <summary>What depends on a state. Its arguments: the predecessors' states by slot and part, what is computed before, what all vertices share.</summary>
    /// <param name="outputs">Receives the new state; each part a node of its own that is computed.</param>
    public Graph Inner(out int[] outputs)
    {
        var target = new Graph(Step.Precision) { IsBody = true };
        var rewriter = new Rewriter(target);
        rewriter.Continue(Step);
        rewriter.ForgetPlaces();
        for (int i = 0; i < _before.Count; i++)
            rewriter[_before[i]] = Argument(target, _before[i], StateInputs + i);

        for (int i = 0; i < _shared.Count; i++)
            rewriter[_shared[i]] = Argument(target, _shared[i], StateInputs + _before.Count + i);

        for (int node = 0; node < Step.Count; node++)
        {
            if (_needed[node] && _depends[node] && Step.OperatorOf(node) == ArgumentOperator.Instance)
                rewriter[node] = Argument(target, node, (int)Step.AttributeOf(node) - FirstState);
            else if (_needed[node] && (_depends[node] || IsConstant(node)))
                rewriter.Copy(node);
        }

        var results = new List<int>();
        foreach (int output in _outputs)
        {
            int node = rewriter[output];
            results.Add(target.InputsOf(node).IsEmpty || results.Contains(node) ? target.AppendStack(
                PlusOperator.Instance, 0, [node], target.ShapeOf(node), 1, shared: false) : node);
        }

        outputs = [.. results];
        return target;
    }

    private static (Graph Graph, int[] Outputs) WithoutCalls(Body body)
    {
        if (!body.Graph.HasCalls)
            return (body.Graph, body.Outputs);

        var inline = new Inline(new Graph(body.Graph.Precision) { IsBody = true });
        inline.Run(body.Graph, body.Outputs);
        return (inline.Target, [.. body.Outputs.Select(output => inline.Locate(output).Node)]);
    }

    private int Argument(Graph target, int node, int index) =>
        target.AppendStack(ArgumentOperator.Instance, index, [], Step.ShapeOf(node), 1, Step.IsShared(node));

    // The arguments of the step without the states.
    private int BeforeArgument(int argument) => argument < FirstState ? argument : argument - StateInputs;

    private bool IsConstant(int node) => Step.OperatorOf(node) == ConstantOperator.Instance;

    private bool IsState(int node) => Step.OperatorOf(node) == ArgumentOperator.Instance
        && Step.AttributeOf(node) is var argument && argument >= FirstState && argument < FirstState + StateInputs;

    private void FindNodes()
    {
        foreach (int output in _outputs)
            _needed[output] = true;

        for (int node = Step.Count - 1; node >= 0; node--)
        {
            foreach (int input in _needed[node] ? Step.InputsOf(node) : [])
                _needed[input] = true;
        }

        for (int node = 0; node < Step.Count; node++)
        {
            _depends[node] = IsState(node);
            foreach (int input in Step.InputsOf(node))
                _depends[node] |= _depends[input];
        }
    }

    private void CollectInputs()
    {
        for (int node = 0; node < Step.Count; node++)
        {
            if (_needed[node] && _depends[node])
            {
                foreach (int input in Step.InputsOf(node))
                    AddInput(input);
            }
        }

        foreach (int output in _outputs)
            AddInput(output);
    }

    private void AddInput(int node)
    {
        if (_depends[node] || IsConstant(node))
            return;

        List<int> inputs = Step.IsShared(node) ? _shared : _before;
        if (!inputs.Contains(node))
            inputs.Add(node);
    }
}
