using BlasNet.Differentiation;
using BlasNet.Graphs;

namespace BlasNet.Rounds;

/// <summary>Copies the examples' graphs, which rounds have built by turns, one example after another: as if each had been built at once.</summary>
internal sealed class ExampleOrder
{
    private readonly NodeCopies _copies = new();
    private readonly List<List<(int Start, int End)>> _parts = [];   // by example

    /// <param name="functions">Whose graphs they are.</param>
    /// <param name="target">Receives the graphs.</param>
    /// <param name="examples">Its losses are moved to the target, and each example's start is noted.</param>
    /// <exception cref="InvalidOperationException">An example uses a value of another one.</exception>
    public void Run(ExampleFunctions functions, Graph target, PerExample examples)
    {
        Graph source = functions.Graph;
        _copies.Begin(source, target);
        _copies.ForgetPlaces();
        FindParts(functions, examples.Losses.Count);
        for (int example = 0; example < examples.Losses.Count; example++)
        {
            examples.Starts.Add(target.Count);
            foreach ((int start, int end) in _parts[example])
            {
                for (int node = start; node < end; node++)
                    Copy(source, node, example);
            }

            int loss = examples.Losses[example].Index;
            Require(source, loss, example);
            examples.Losses[example] = target.At(_copies[loss]);
        }
    }

    private void FindParts(ExampleFunctions functions, int count)
    {
        while (_parts.Count < count)
            _parts.Add([]);

        foreach (List<(int, int)> parts in _parts)
            parts.Clear();

        for (int i = 0; i < functions.Parts.Count; i++)
            _parts[functions.Parts[i].Example].Add((functions.Parts[i].Start, functions.EndOf(i)));
    }

    private void Copy(Graph source, int node, int example)
    {
        if (source.TypeOf(node).Result > 0 || _copies[node] >= 0)
            return;

        foreach (int input in source.InputsOf(node))
            Require(source, input, example);

        _copies.Copy(node);
    }

    // A leaf may have been added by another example.
    private void Require(Graph source, int node, int example)
    {
        if (_copies[node] >= 0)
            return;

        if (source.TypeOf(node).InputCount > 0)
            throw new InvalidOperationException($"Example {example} of the pass uses {source.At(node)}, which is another example's.");

        _copies.Copy(node);
    }
}
