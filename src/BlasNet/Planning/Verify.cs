using BlasNet.Graphs;

namespace BlasNet.Planning;

/// <summary>Checks that a graph or a plan is well-formed. A violation is an error of BlasNet, not of its user, and says so.</summary>
internal static class Verify
{
    /// <exception cref="InvalidOperationException">The graph breaks a rule, which the message names.</exception>
    public static void Run(Graph graph)
    {
        for (int node = 0; node < graph.Count; node++)
        {
            Operator op = graph.OperatorOf(node);
            Require(graph.CountOf(node) >= 1 && graph.ShapeOf(node) is { Rows: >= 1, Columns: >= 1 }, graph, node, "has an empty value");
            foreach (int input in graph.InputsOf(node))
            {
                Require(input >= 0 && input < node, graph, node, $"reads %{input}, which does not come before it");
                bool fits = op.ReadsWholeStacks || graph.CountOf(input) == 1 || graph.CountOf(input) == graph.CountOf(node);
                Require(fits, graph, node, $"reads a stack of {graph.CountOf(input)}");
            }

            if (op.HasMoves)
                CheckRuns(graph, node, op);
            else if (op.Storage == Storage.Result)
                CheckResult(graph, node);
            else if (op.Storage != Storage.External)
                CheckShape(graph, node, op);
        }
    }

    /// <exception cref="InvalidOperationException">Two values that are needed at once overlap, or a value is needed that is not computed.</exception>
    public static void Run(Plan plan, ReadOnlySpan<int> outputs)
    {
        Graph graph = plan.Graph;
        // The owner of every element of the arena: the root whose value lies there now.
        var owner = new Dictionary<long, int>();
        var written = new HashSet<int>();
        foreach (int node in plan.Order)
        {
            foreach (int input in graph.InputsOf(node))
                CheckReadable(plan, node, input, owner, written);

            int results = graph.OperatorOf(node).ResultCount;
            if (results == 1)
            {
                Write(plan, node, owner, written);
                Require(plan.Regions[plan.Roots[node]] != Region.None, graph, node, "is computed but has no place");
            }

            for (int result = node + 1; results > 1 && result <= node + results; result++)
            {
                if (plan.Regions[plan.Roots[result]] != Region.None)
                    Write(plan, result, owner, written);
            }
        }

        foreach (int output in outputs)
            CheckReadable(plan, output, output, owner, written);
    }

    private static void Write(Plan plan, int node, Dictionary<long, int> owner, HashSet<int> written)
    {
        int root = plan.Roots[node];
        if (plan.Regions[root] == Region.Arena)
        {
            for (long i = 0; i < plan.Graph.LengthOf(root); i++)
                owner[plan.Offsets[root] + i] = root;
        }

        written.Add(root);
    }

    private static void CheckReadable(Plan plan, int reader, int node, Dictionary<long, int> owner, HashSet<int> written)
    {
        if (plan.RowIndices.Contains(node))
        {
            foreach (int input in plan.Graph.InputsOf(node))
                CheckReadable(plan, reader, input, owner, written);

            return;
        }

        int root = plan.Roots[node];
        if (plan.Regions[root] is Region.Parameters or Region.Data)
            return;

        // The gradient buffer holds the sum over all passes. A sum there finds its terms added already.
        bool isAdded = plan.Absorbed[node] && root == reader;
        Require(plan.Regions[root] != Region.Gradients || isAdded, plan.Graph, reader, $"reads %{node} from the gradient buffer");
        Require(written.Contains(root), plan.Graph, reader, $"reads %{node} before it is computed");
        if (plan.Regions[root] != Region.Arena)
            return;

        for (long i = 0; i < plan.Graph.LengthOf(node); i++)
        {
            bool owns = owner.TryGetValue(plan.PlaceOf(node) + i, out int there) && there == root;
            Require(owns, plan.Graph, reader, $"reads %{node} outside its place, or after that has been used again");
        }
    }

    private static void CheckShape(Graph graph, int node, Operator op)
    {
        var shapes = new List<Shape>();
        foreach (int input in graph.InputsOf(node))
            shapes.Add(graph.ShapeOf(input));

        Shape expected = op.InferShape(shapes.ToArray(), graph.AttributeOf(node));
        Require(expected == graph.ShapeOf(node), graph, node, $"should be {expected}");
    }

    private static void CheckResult(Graph graph, int node)
    {
        int owner = graph.InputsOf(node)[0], result = (int)graph.AttributeOf(node);
        Require(node == owner + 1 + result, graph, node, $"is result {result} of %{owner}, but not in its place");
        Require(graph.ShapeOf(node) == graph.OperatorOf(owner).ResultShape(result), graph, node, "has not the shape of the result");
    }

    private static void CheckRuns(Graph graph, int node, Operator op)
    {
        long covered = 0;
        int inputs = graph.InputsOf(node).Length;
        foreach (Move run in graph.MovesOf(node))
        {
            Require(run.Input >= 0 && run.Input < inputs, graph, node, $"has not the input of {run}");
            Require(op.Storage != Storage.Moves || run.Target == covered, graph, node, "has runs that do not follow each other");
            Require(run.Length > 0 && run.Source >= 0 && run.Source + run.Length <= graph.LengthOf(graph.InputsOf(node)[run.Input]), graph, node, $"reads outside its input: {run}");
            Require(run.Target >= 0 && run.Target + run.Length <= graph.LengthOf(node), graph, node, $"writes outside itself: {run}");
            covered += run.Length;
        }

        Require(op.Storage != Storage.Moves || covered == graph.LengthOf(node), graph, node, $"covers {covered} of its {graph.LengthOf(node)} elements");
    }

    private static void Require(bool condition, Graph graph, int node, string rule)
    {
        if (!condition)
            throw new InvalidOperationException($"Error in BlasNet: node %{node} {graph.At(node)} {rule}.");
    }
}
