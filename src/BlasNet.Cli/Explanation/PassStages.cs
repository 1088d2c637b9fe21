using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Planning;
using BlasNet.Training;

namespace BlasNet.Cli.Explanation;

/// <summary>A minibatch's graph after each pass, with the gradients of all parameters, and the plan that is left of it.</summary>
internal sealed class PassStages
{
    private static readonly Dictionary<string, (string Title, string Sentence)> Known = new()
    {
        ["batch"] = ("Batch", "Nodes of one signature are one node that computes a stack, calls of one function too; what is equal in several examples is computed once."),
        ["inline"] = ("Inline", "The bodies of functions are in the place of their calls, each node a stack; regions of element-wise operators are one cell."),
        ["batch again"] = ("Batch again", "What the bodies brought merges over the calls: an input product over all steps of a recurrence."),
        ["differentiate"] = ("Differentiate", "Reverse mode has appended the gradient of the loss with respect to every parameter."),
        ["simplify"] = ("Simplify", "What no output needs is gone, equal expressions are one, and a product starts from its bias."),
        ["fuse"] = ("Fuse", "An element-wise node that only one other reads is computed in one sweep with it."),
        ["totals"] = ("Totals", "What goes to the gradient buffer, which holds the sum over all microbatches, is a sum of its own that nothing reads."),
    };

    private readonly List<(string Title, string Sentence, Graph Graph)> _parts = [];

    /// <param name="subject">The network.</param>
    /// <param name="examples">At least 2.</param>
    public PassStages(Subject subject, int examples)
    {
        using var model = new Model(seed: 1);
        Expr total = Stages.NewMinibatch(model, subject.Define(model), examples);
        const string Minibatch = "The graph of each example, side by side; all share the same parameters, and one node adds the losses.";
        _parts.Add(($"The minibatch of {examples}", Minibatch, total.Graph.Snapshot()));
        using var engine = new Engine<float>(model.Store<float>(), new EngineOptions { AfterPass = Add });
        engine.Prepare(total.Graph, [total], total, [.. model.Parameters]);
        Plan = PlanPrinter.Print(engine.Plan);
    }

    /// <summary>The graphs in the order of the passes.</summary>
    public IReadOnlyList<(string Title, string Sentence, Graph Graph)> Parts => _parts;

    /// <summary>The kernels that are launched, one a line.</summary>
    public string Plan { get; }

    private void Add(string pass, Graph graph) => _parts.Add((Known[pass].Title, Known[pass].Sentence, graph.Snapshot()));
}
