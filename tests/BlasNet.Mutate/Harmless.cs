using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using static Microsoft.CodeAnalysis.CSharp.SyntaxKind;

namespace BlasNet.Mutate;

/// <summary>Changes that cannot change a result, known by their form. They are no mutants.</summary>
/// <remarks>
/// A hash: what its bits are made of decides how many candidates are compared, not which of them agree. Known by <c>Hashing.Multiplier</c>, which the
/// library uses for nothing else.
/// The growth of a buffer, <c>if (buffer.Length &lt; n) buffer = new int[2 * n]</c>: it may grow earlier or by more. Growing too late or by too little is a
/// mutant, and so is each change of a buffer whose content is kept, but for its factor.
/// A hint to the processor: what is done in methods called <c>Prefetch</c>, and the calls of these.
/// </remarks>
internal static class Harmless
{
    /// <param name="node">What is changed.</param>
    /// <param name="text">What stands in its place.</param>
    /// <param name="model">Of the file.</param>
    public static bool Is(SyntaxNode node, string text, SemanticModel model) =>
        IsHint(node) || IsMixing(node, model) || IsEarlierGrowth(node, text) || IsMoreGrowth(node);

    private static bool IsHint(SyntaxNode node) => node.AncestorsAndSelf().Any(part => part is MethodDeclarationSyntax { Identifier.Text: "Prefetch" }
        || part is ExpressionStatementSyntax { Expression: InvocationExpressionSyntax call } && NameOf(call.Expression) == "Prefetch");

    private static string? NameOf(ExpressionSyntax called) => called switch
    {
        MemberAccessExpressionSyntax member => member.Name.Identifier.Text,
        IdentifierNameSyntax name => name.Identifier.Text,
        _ => null,
    };

    private static bool IsMixing(SyntaxNode node, SemanticModel model) => node switch
    {
        ExpressionStatementSyntax { Expression: AssignmentExpressionSyntax assignment } => IsHash(assignment.Left) && Mixes(assignment.Right),
        LiteralExpressionSyntax { Parent: BinaryExpressionSyntax shift } => IsShift(shift) && IsMixing(shift, model),
        BinaryExpressionSyntax => model.GetTypeInfo(node).Type?.SpecialType == SpecialType.System_UInt64 && node.Ancestors().Any(HashIsMadeIn),
        _ => false,
    };

    private static bool HashIsMadeIn(SyntaxNode node) => node switch
    {
        AssignmentExpressionSyntax assignment => IsHash(assignment.Left) && Mixes(assignment.Right),
        VariableDeclaratorSyntax { Identifier.Text: "hash", Initializer: { } initial } => Mixes(initial),
        _ => false,
    };

    private static bool IsHash(ExpressionSyntax target) =>
        target is IdentifierNameSyntax { Identifier.Text: "hash" } or MemberAccessExpressionSyntax { Name.Identifier.Text: "Seed" };

    private static bool Mixes(SyntaxNode node) =>
        node.DescendantNodesAndSelf().Any(part => part is MemberAccessExpressionSyntax { Expression: IdentifierNameSyntax { Identifier.Text: "Hashing" } });

    private static bool IsShift(BinaryExpressionSyntax binary) => binary.Kind() is LeftShiftExpression or RightShiftExpression;

    private static bool IsEarlierGrowth(SyntaxNode node, string text) =>
        node is BinaryExpressionSyntax { Parent: IfStatementSyntax growth } test && growth.Condition == test && IsGrowth(growth)
        && (text == "true" || (test.IsKind(LessThanExpression) && text.Contains("<=", StringComparison.Ordinal)));

    // The factor in 2 * n; or all of 2 * buffer.Length in Math.Max(n, 2 * buffer.Length).
    private static bool IsMoreGrowth(SyntaxNode node) => node.Ancestors().OfType<IfStatementSyntax>().FirstOrDefault() is { } growth
        && node.Ancestors().TakeWhile(ancestor => ancestor != growth).Any(ancestor => ancestor == growth.Statement)
        && (IsGrowth(growth) || IsResize(growth)) && (IsFactor(node) || node.AncestorsAndSelf().Any(IsOldLengthDoubled));

    private static bool IsFactor(SyntaxNode node) =>
        node is LiteralExpressionSyntax { Token.Text: "2", Parent: BinaryExpressionSyntax { RawKind: (int)MultiplyExpression } };

    private static bool IsOldLengthDoubled(SyntaxNode node) => node is BinaryExpressionSyntax { RawKind: (int)MultiplyExpression } product
        && IsFactor(product.Left) && IsLength(product.Right) && product.Parent is ArgumentSyntax
        && product.Parent.Parent?.Parent is InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name.Identifier.Text: "Max" } };

    private static bool IsLength(ExpressionSyntax expression) => expression is MemberAccessExpressionSyntax
    {
        Expression: IdentifierNameSyntax { Identifier.Text: ['_', ..] }, Name.Identifier.Text: "Length",
    };

    // The buffer that is too short is made anew; its content is lost.
    private static bool IsGrowth(IfStatementSyntax growth) => growth.Else is null
        && growth.Condition is BinaryExpressionSyntax { Left: MemberAccessExpressionSyntax length } test && IsLength(length)
        && (test.IsKind(LessThanExpression) || test.IsKind(LessThanOrEqualExpression))
        && StatementsOf(growth).Any(statement => Makes(statement, length.Expression.ToString())) && StatementsOf(growth).All(Assigns);

    private static bool Makes(StatementSyntax statement, string buffer) => statement is ExpressionStatementSyntax
    {
        Expression: AssignmentExpressionSyntax { Left: var target, Right: ArrayCreationExpressionSyntax or TupleExpressionSyntax },
    } && target.ToString().Contains(buffer, StringComparison.Ordinal);

    private static bool Assigns(StatementSyntax statement) =>
        statement is LocalDeclarationStatementSyntax or ExpressionStatementSyntax { Expression: AssignmentExpressionSyntax };

    private static bool IsResize(IfStatementSyntax growth) =>
        StatementsOf(growth).Any(statement => statement.ToString().StartsWith("Array.Resize(", StringComparison.Ordinal));

    private static SyntaxList<StatementSyntax> StatementsOf(IfStatementSyntax growth) =>
        growth.Statement is BlockSyntax block ? block.Statements : SyntaxFactory.SingletonList(growth.Statement);
}
