using BlasNet.Drawing;
using BlasNet.Graphs;
using BlasNet.Training;

namespace BlasNet.Cli.Explanation;

/// <summary>A minibatch's graph after each pass, with the gradients of all parameters, and the plan that is left of it.</summary>
internal static class PassStages
{
    private const string PlanTitle = "The plan", PlanSentence = "One launch of a kernel a line: operator, size of its stack, and where its operands lie.";

    private static readonly Dictionary<string, (string Title, string Sentence)> Known = new()
    {
        ["batch"] = (
            "Batch",
            "Nodes of one signature are one node that computes a stack, calls of one function too; what is equal in several examples is computed once."),
        ["inline"] = ("Inline", "The bodies of functions are in the place of their calls, each node a stack; regions of element-wise operators are one cell."),
        ["batch again"] = ("Batch again", "What the bodies brought merges over the calls: an input product over all steps of a recurrence."),
        ["differentiate"] = ("Differentiate", "Reverse mode has appended the gradient of the loss with respect to every parameter."),
        ["simplify"] = ("Simplify", "What no output needs is gone, and equal expressions are one."),
        ["fuse"] = (
            "Fuse",
            "An element-wise node that only one other reads is computed in one sweep with it; other products start from the bias that is added to them."),
        ["totals"] = ("Totals", "What goes to the gradient buffer, which holds the sum over all microbatches, is a sum of its own that nothing reads."),
    };

    /// <param name="subject">The network.</param>
    /// <param name="examples">At least 2.</param>
    public static Explained Explain(Subject subject, int examples)
    {
        using var model = new Model(seed: 1);
        Expr total = Stages.NewMinibatch(model, subject.Define(model), examples);
        List<ExplainedGraph> graphs = [NewPart($"The minibatch of {examples}", Stages.MinibatchSentence, total.Graph)];
        ComputePlan plan = ComputePlan.OfGradient(total);
        graphs.AddRange(plan.Passes.Select(pass => NewPart(Known[pass.Name].Title, Known[pass.Name].Sentence, pass.Graph)));
        string launches = $"{PlanTitle}\n{PlanSentence}\n\n{ExplanationWriter.Indented(plan.ToString())}";
        return new Explained($"The passes over {subject.Formula}", subject.Formula, graphs, "Launches", launches);
    }

    private static ExplainedGraph NewPart(string title, string sentence, Graph graph) =>
        new(title, sentence, graph, new DrawingOptions { Title = title, ColourExamples = false, IsComplete = false });
}
