using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace BlasNet.Mutate;

/// <summary>Rewrites a file so that each of its mutants can be switched on: <c>a + b</c> becomes <c>MutantSwitch.Is(17) ? a - b : a + b</c>.</summary>
/// <param name="model">Of the file before the change.</param>
/// <param name="file">Relative to src/BlasNet.</param>
/// <param name="firstId">The number of the first mutant.</param>
/// <param name="dropped">Mutants that do not compile; they keep their numbers.</param>
internal sealed class Mutator(SemanticModel model, string file, int firstId, ISet<int> dropped) : CSharpSyntaxRewriter
{
    /// <summary>Of the annotations that lead from an error of the compiler to the mutant that it is in.</summary>
    public const string Annotation = "mutant";

    private readonly HashSet<string> _changes = [];
    private int _next = firstId;

    public List<Mutant> Mutants { get; } = [];

    public int NextId => _next;

    public override SyntaxNode? Visit(SyntaxNode? node)
    {
        if (node is IdentifierNameSyntax name)
            return Switched(name, name);

        if (node is null || IsLeftAlone(node))
            return node;

        SyntaxNode? visited = base.Visit(node);
        return (node, visited) switch
        {
            (ExpressionSyntax expression, ExpressionSyntax changed) => Switched(expression, changed),
            (ExpressionStatementSyntax statement, ExpressionStatementSyntax changed) => Switched(statement, changed),
            (MethodDeclarationSyntax { ExpressionBody.Expression: { } body } method, MethodDeclarationSyntax changed) when IsVoid(method) =>
                Emptied(method, body, changed),
            _ => visited,
        };
    }

    /// <summary>What must be constant, and what errors say.</summary>
    private static bool IsLeftAlone(SyntaxNode node) => node switch
    {
        AttributeListSyntax or EnumDeclarationSyntax or ParameterListSyntax or PatternSyntax or CaseSwitchLabelSyntax or TypeSyntax => true,
        InterpolatedStringExpressionSyntax or ThrowStatementSyntax or ThrowExpressionSyntax => true,
        FieldDeclarationSyntax field => field.Modifiers.Any(SyntaxKind.ConstKeyword),
        LocalDeclarationStatementSyntax local => local.IsConst,
        _ => false,
    };

    private static bool IsVoid(MethodDeclarationSyntax method) => method.ReturnType is PredefinedTypeSyntax { Keyword.RawKind: (int)SyntaxKind.VoidKeyword };

    private ExpressionSyntax Switched(ExpressionSyntax expression, ExpressionSyntax changed)
    {
        if (expression.Parent is AssignmentExpressionSyntax assignment && assignment.Left == expression)
            return changed;

        ExpressionSyntax result = changed.WithoutTrivia();
        foreach (Mutation mutation in Mutations.Of(expression, model))
        {
            if (!Harmless.Is(expression, mutation.Text, model) && Add(expression, mutation.Text) is { } id)
                result = Annotated(id, Parenthesize(expression, mutation.Apply(Active(id), result)));
        }

        return ReferenceEquals(result, changed) ? changed : result.WithTriviaFrom(expression);
    }

    // A logical expression stays one until all its operands have their switches.
    private static ExpressionSyntax Parenthesize(ExpressionSyntax original, ExpressionSyntax changed) =>
        changed.RawKind == original.RawKind ? changed : SyntaxFactory.ParenthesizedExpression(changed);

    private StatementSyntax Switched(ExpressionStatementSyntax statement, ExpressionStatementSyntax changed)
    {
        StatementSyntax result = changed;
        if (statement.Expression is AssignmentExpressionSyntax assignment)
        {
            foreach (AssignmentExpressionSyntax other in Mutations.OfAssignment(assignment))
            {
                if (Add(assignment, other.ToString()) is { } id)
                    result = Annotated(id, Either(Active(id), SyntaxFactory.ExpressionStatement(other), result));
            }
        }

        if (IsRemovable(statement.Expression) && !Harmless.Is(statement, "", model) && Add(statement, "") is { } removed)
            result = Annotated(removed, Unless(removed, result));

        return result;
    }

    /// <summary>A local variable that has no value but by this statement is needed by the compiler.</summary>
    private bool IsRemovable(ExpressionSyntax expression) => expression is not AssignmentExpressionSyntax { Left: var target }
        || model.GetSymbolInfo(target).Symbol switch
        {
            ILocalSymbol local => local.DeclaringSyntaxReferences.Any(place => place.GetSyntax() is VariableDeclaratorSyntax { Initializer: not null }),
            IParameterSymbol parameter => parameter.RefKind != RefKind.Out,
            null => target is not (TupleExpressionSyntax or DeclarationExpressionSyntax or IdentifierNameSyntax { Identifier.Text: "_" }),
            _ => true,
        };

    private MethodDeclarationSyntax Emptied(MethodDeclarationSyntax method, ExpressionSyntax body, MethodDeclarationSyntax changed)
    {
        if (body is ThrowExpressionSyntax || Add(body, "") is not { } id)
            return changed;

        StatementSyntax statement = SyntaxFactory.ExpressionStatement(changed.ExpressionBody!.Expression);
        return changed.WithExpressionBody(null).WithSemicolonToken(default).WithBody(Annotated(id, Unless(id, statement)));
    }

    private BlockSyntax Unless(int id, StatementSyntax statement) => SyntaxFactory.Block(SyntaxFactory.IfStatement(
        SyntaxFactory.PrefixUnaryExpression(SyntaxKind.LogicalNotExpression, Active(id)), SyntaxFactory.Block(statement)));

    private static BlockSyntax Either(ExpressionSyntax active, StatementSyntax mutated, StatementSyntax original) =>
        SyntaxFactory.Block(SyntaxFactory.IfStatement(active, SyntaxFactory.Block(mutated), SyntaxFactory.ElseClause(SyntaxFactory.Block(original))));

    private static T Annotated<T>(int id, T node) where T : SyntaxNode => node.WithAdditionalAnnotations(new SyntaxAnnotation(Annotation, $"{id}"));

    private static ExpressionSyntax Active(int id) => SyntaxFactory.ParseExpression($"global::BlasNet.MutantSwitch.Is({id})");

    /// <returns>The mutant's number; null for one that does not compile.</returns>
    private int? Add(SyntaxNode node, string text)
    {
        int id = _next++;
        if (dropped.Contains(id))
            return null;

        string change = $"{MemberOf(node)}: {Describe(node, text)}";
        for (int copy = 2; !_changes.Add(change); copy++)
            change = $"{MemberOf(node)}: {Describe(node, text)} ({copy})";

        Mutants.Add(new(id, file, node.GetLocation().GetLineSpan().StartLinePosition.Line + 1, change));
        return id;
    }

    /// <summary>A short expression is shown with what it is part of.</summary>
    private static string Describe(SyntaxNode node, string text)
    {
        SyntaxNode shown = node;
        while (shown.Span.Length < 24 && shown.Parent is { } parent and (ExpressionSyntax or ArgumentSyntax or ArgumentListSyntax or BracketedArgumentListSyntax
            or EqualsValueClauseSyntax or VariableDeclaratorSyntax or ReturnStatementSyntax or ArrowExpressionClauseSyntax) && parent.Span.Length < 90)
            shown = parent;

        string before = shown.ToString();
        int start = node.SpanStart - shown.SpanStart;
        string after = before[..start] + text + before[(start + node.Span.Length)..];
        return $"{OneLine(before)} → {(after == "" ? "nothing" : OneLine(after))}";
    }

    private static string OneLine(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static string MemberOf(SyntaxNode node) => node.Ancestors().OfType<MemberDeclarationSyntax>().FirstOrDefault() switch
    {
        MethodDeclarationSyntax method => method.Identifier.Text,
        ConstructorDeclarationSyntax constructor => constructor.Identifier.Text,
        PropertyDeclarationSyntax property => property.Identifier.Text,
        IndexerDeclarationSyntax => "this",
        OperatorDeclarationSyntax op => $"operator {op.OperatorToken.Text}",
        FieldDeclarationSyntax field => field.Declaration.Variables[0].Identifier.Text,
        BaseTypeDeclarationSyntax type => type.Identifier.Text,
        _ => "",
    };
}
