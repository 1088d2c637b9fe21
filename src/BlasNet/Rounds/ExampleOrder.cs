using BlasNet.Differentiation;
using BlasNet.Graphs;

namespace BlasNet.Rounds;

/// <summary>Copies the examples' graphs, which rounds have built by turns, one example after another: as if each had been built at once.</summary>
internal sealed class ExampleOrder
{
    private int[] _copyOf = [], _inputs = new int[8];
    private readonly List<List<(int Start, int End)>> _parts = [];   // by example

    /// <param name="functions">Whose graphs they are.</param>
    /// <param name="target">Receives the graphs.</param>
    /// <param name="examples">Its losses are moved to the target, and each example's start is noted.</param>
    /// <exception cref="InvalidOperationException">An example uses a value of another one.</exception>
    public void Run(ExampleFunctions functions, Graph target, PerExample examples)
    {
        Graph source = functions.Graph;
        target.ClearFor(source);
        (target.IsTraining, target.RandomSeed) = (source.IsTraining, source.RandomSeed);
        FindParts(functions, examples.Losses.Count);
        if (_copyOf.Length < source.Count)
            _copyOf = new int[source.Capacity];

        Array.Fill(_copyOf, -1, 0, source.Count);
        for (int example = 0; example < examples.Losses.Count; example++)
        {
            examples.Starts.Add(target.Count);
            foreach ((int start, int end) in _parts[example])
            {
                for (int node = start; node < end; node++)
                    Copy(source, target, node, example);
            }

            examples.Losses[example] = target.At(CopyOf(source, target, examples.Losses[example].Index, example));
        }
    }

    private void FindParts(ExampleFunctions functions, int count)
    {
        while (_parts.Count < count)
            _parts.Add([]);

        foreach (List<(int, int)> parts in _parts)
            parts.Clear();

        for (int i = 0; i < functions.Parts.Count; i++)
        {
            int end = i + 1 < functions.Parts.Count ? functions.Parts[i + 1].Start : functions.Graph.Count;
            _parts[functions.Parts[i].Example].Add((functions.Parts[i].Start, end));
        }
    }

    private void Copy(Graph source, Graph target, int node, int example)
    {
        ref readonly NodeType type = ref source.TypeOf(node);
        if (type.Result > 0 || _copyOf[node] >= 0)
            return;

        if (type.InputCount == 0)
        {
            CopyOf(source, target, node, example);
            return;
        }

        ReadOnlySpan<int> inputs = source.InputsOf(node);
        if (_inputs.Length < inputs.Length)
            _inputs = new int[2 * inputs.Length];

        for (int i = 0; i < inputs.Length; i++)
            _inputs[i] = CopyOf(source, target, inputs[i], example);

        int copy = target.AppendLike(source, node, _inputs.AsSpan(0, inputs.Length));
        target.TakeName(copy, source, node);
        for (int i = 0; i <= type.ResultNodes; i++)
            _copyOf[node + i] = copy + i;
    }

    // A leaf may have been added by another example.
    private int CopyOf(Graph source, Graph target, int node, int example)
    {
        ref int copy = ref _copyOf[node];
        if (copy >= 0)
            return copy;

        ref readonly NodeType type = ref source.TypeOf(node);
        if (type.InputCount > 0)
            throw new InvalidOperationException($"Example {example} of the pass uses {source.At(node)}, which is another example's.");

        return copy = type.Operator.Merging == Merging.Data
            ? target.AppendData(type.Operator, source.AttributeOf(node), type.Shape)
            : target.CopyLeaf(source, node);
    }
}
