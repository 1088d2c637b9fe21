using BlasNet.Differentiation;
using BlasNet.Fusion;
using BlasNet.Graphs;
using BlasNet.Graphs.Functions;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Recurrences;

/// <summary>What a recurrence computes at a vertex once its predecessors' states are known, and the gradient of that: one graph, differentiated once.</summary>
/// <remarks>The gradient with respect to what all vertices share is a sum over them. Its terms, or the factors of their products, leave the scan as stacks,
/// so that the sum is one product over all vertices.</remarks>
internal sealed class ScanCell
{
    private readonly int _firstOfGradient;   // nodes before it compute the state, nodes from it on the gradient
    private readonly int[] _arguments;       // by argument: its node; −1 for one that is not used
    private readonly int[] _states, _seeds;  // by part

    /// <param name="split">The step.</param>
    /// <param name="stateRows">Lengths of the parts of a state.</param>
    public ScanCell(ScanSplit split, int[] stateRows)
    {
        StateRows = stateRows;
        (StateInputs, BeforeCount) = (split.StateInputs, split.BeforeCount);
        FusedBody fused = FuseBody.Run(split.Inner(out int[] outputs), outputs);
        (Graph, _states) = (fused.Graph, fused.Outputs);
        _firstOfGradient = Graph.Count;
        _arguments = new int[StateInputs + BeforeCount + split.Shared.Count];
        Array.Fill(_arguments, -1);
        for (int node = 0; node < Graph.Count; node++)
        {
            if (Graph.OperatorOf(node) == ArgumentOperator.Instance)
                _arguments[(int)Graph.AttributeOf(node)] = node;
        }

        _seeds = [.. stateRows.Select((rows, part) =>
            Graph.AppendStack(ArgumentOperator.Instance, _arguments.Length + part, [], new Shape(rows), 1, shared: false))];
        Gradients = FindGradients();
    }

    /// <summary>One vertex: the state, then the gradient.</summary>
    public Graph Graph { get; }

    /// <summary>Lengths of the parts of a state.</summary>
    public int[] StateRows { get; }

    /// <summary>The first arguments: parts of the predecessors' states.</summary>
    public int StateInputs { get; }

    /// <summary>The arguments after them: what is computed before the scan.</summary>
    public int BeforeCount { get; }

    /// <summary>The arguments after those: what all vertices share.</summary>
    public int SharedCount => _arguments.Length - StateInputs - BeforeCount;

    /// <summary>The nodes of the new state.</summary>
    public IReadOnlyList<int> States => _states;

    /// <summary>For each argument the node of its gradient; −1 where there is none.</summary>
    public int[] Gradients { get; }

    /// <summary>Whether a node belongs to the gradient.</summary>
    public bool IsOfGradient(int node) => node >= _firstOfGradient;

    /// <summary>Which argument a node is; −1 for other nodes.</summary>
    public int ArgumentOf(int node) => Graph.OperatorOf(node) == ArgumentOperator.Instance && !IsOfGradient(node) ? (int)Graph.AttributeOf(node) : -1;

    /// <summary>The input of the scan that brings an argument: the states of the starts come first, those of the predecessors are no inputs.</summary>
    public int InputOf(int argument) => StateRows.Length + argument - StateInputs;

    /// <summary>The part of the state whose gradient a node is; −1 for other nodes.</summary>
    public int SeedOf(int node) => Array.IndexOf(_seeds, node);

    /// <summary>A node of the same value that is computed and belongs to the gradient, for the sake of a result of its own.</summary>
    public int Computed(int node) => IsOfGradient(node) && !Graph.InputsOf(node).IsEmpty
        ? node
        : Graph.AppendStack(PlusOperator.Instance, 0, [node], Graph.ShapeOf(node), 1, shared: false);

    /// <summary>Whether the kernels of some nodes do for a stack what they do for one value.</summary>
    public bool CanRun(IEnumerable<int> nodes) => nodes.All(CanRun);

    /// <summary>Nodes, and what they read, up to where a condition holds.</summary>
    /// <param name="roots">Where to start.</param>
    /// <param name="isRead">Nodes that need not be computed: they are among the result, what they read is not.</param>
    public SortedSet<int> ReadBy(IEnumerable<int> roots, Predicate<int> isRead)
    {
        var found = new SortedSet<int>();
        var open = new Stack<int>(roots);
        while (open.TryPop(out int node))
        {
            if (!found.Add(node) || isRead(node))
                continue;

            foreach (int input in Graph.InputsOf(node))
                open.Push(input);
        }

        return found;
    }

    private bool CanRun(int node)
    {
        Operator op = Graph.OperatorOf(node);
        return op is ArgumentOperator or ConstantOperator
            || (op.Merging is Merging.Stack or Merging.Result && op.Storage != Storage.External && !op.HasList && op is not CompositeOperator);
    }

    private int[] FindGradients()
    {
        int[] used = [.. Enumerable.Range(0, _arguments.Length).Where(argument => _arguments[argument] >= 0)];
        var found = new int[used.Length];
        new Differentiate().Run(Graph, _states, _seeds, [.. used.Select(argument => _arguments[argument])], found);
        var gradients = new int[_arguments.Length];
        Array.Fill(gradients, -1);
        for (int i = 0; i < used.Length; i++)
            gradients[used[i]] = found[i];

        return gradients;
    }
}
