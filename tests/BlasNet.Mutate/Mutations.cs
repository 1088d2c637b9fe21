using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using static Microsoft.CodeAnalysis.CSharp.SyntaxKind;

namespace BlasNet.Mutate;

/// <summary>A change of an expression.</summary>
/// <param name="Text">What stands in its place.</param>
/// <param name="Apply">Makes the expression that does either, from the switch and the expression, which may hold other mutants.</param>
internal readonly record struct Mutation(string Text, Func<ExpressionSyntax, ExpressionSyntax, ExpressionSyntax> Apply);

/// <summary>The changes of expressions. None that others imply: a test that notices a condition that is always true notices its negation, too.</summary>
internal static class Mutations
{
    private static readonly Dictionary<SyntaxKind, SyntaxKind[]> Operators = new()
    {
        [LessThanToken] = [LessThanEqualsToken, GreaterThanEqualsToken],
        [LessThanEqualsToken] = [LessThanToken, GreaterThanToken],
        [GreaterThanToken] = [GreaterThanEqualsToken, LessThanEqualsToken],
        [GreaterThanEqualsToken] = [GreaterThanToken, LessThanToken],
        [EqualsEqualsToken] = [ExclamationEqualsToken],
        [ExclamationEqualsToken] = [EqualsEqualsToken],
        [PlusToken] = [MinusToken],
        [MinusToken] = [PlusToken],
        [AsteriskToken] = [SlashToken],
        [SlashToken] = [AsteriskToken],
        [PercentToken] = [AsteriskToken],
        [AmpersandToken] = [BarToken],
        [BarToken] = [AmpersandToken],
        [CaretToken] = [AmpersandToken],
        [LessThanLessThanToken] = [GreaterThanGreaterThanToken],
        [GreaterThanGreaterThanToken] = [LessThanLessThanToken],
        [GreaterThanGreaterThanGreaterThanToken] = [LessThanLessThanToken],
        [PlusEqualsToken] = [MinusEqualsToken],
        [MinusEqualsToken] = [PlusEqualsToken],
        [AsteriskEqualsToken] = [SlashEqualsToken],
        [SlashEqualsToken] = [AsteriskEqualsToken],
        [BarEqualsToken] = [AmpersandEqualsToken],
        [AmpersandEqualsToken] = [BarEqualsToken],
    };

    private static readonly Dictionary<string, string> Names = new()
    {
        ["Min"] = "Max",
        ["Max"] = "Min",
        ["Any"] = "All",
        ["All"] = "Any",
        ["First"] = "Last",
        ["Last"] = "First",
        ["Floor"] = "Ceiling",
        ["Ceiling"] = "Floor",
    };

    public static IEnumerable<Mutation> Of(ExpressionSyntax expression, SemanticModel model)
    {
        // First, while the expression is not yet wrapped in a switch.
        foreach (Mutation mutation in OfLogic(expression))
            yield return mutation;

        if (IsCondition(expression))
        {
            if (!Declares(expression))
                yield return new("true", (active, x) => Binary(LogicalOrExpression, active, x));

            if (!Declares(expression) || expression is not IsPatternExpressionSyntax { Pattern: UnaryPatternSyntax })
                yield return new("false", (active, x) => Binary(LogicalAndExpression, Not(active), x));
        }

        foreach (ExpressionSyntax other in Replacements(expression))
            yield return new(other.ToString(), (active, x) => SyntaxFactory.ConditionalExpression(Spaced(active), Parenthesized(other), Parenthesized(x)));

        if (IsAnswer(expression) && model.GetTypeInfo(expression).Type?.SpecialType == SpecialType.System_Boolean)
            yield return new($"!({expression})", (active, x) => Binary(ExclusiveOrExpression, active, x));
    }

    /// <returns>The compound assignment that does the opposite.</returns>
    public static IEnumerable<AssignmentExpressionSyntax> OfAssignment(AssignmentExpressionSyntax assignment) =>
        Operators.GetValueOrDefault(assignment.OperatorToken.Kind(), []).Select(kind => assignment.WithOperatorToken(Token(kind, assignment.OperatorToken)))
            .Select(other => (AssignmentExpressionSyntax)Parse(other.ToString()));

    /// <summary>Leaving out an operand keeps the variables that the other one declares.</summary>
    private static IEnumerable<Mutation> OfLogic(ExpressionSyntax expression)
    {
        if (expression is not BinaryExpressionSyntax { RawKind: (int)LogicalAndExpression or (int)LogicalOrExpression } logic)
            yield break;

        bool and = logic.IsKind(LogicalAndExpression);
        if (!Declares(logic.Left))
            yield return new(logic.Right.ToString(), (active, x) => x is BinaryExpressionSyntax b ? b.WithLeft(Ignored(active, b.Left, and)) : x);

        if (!Declares(logic.Right))
            yield return new(logic.Left.ToString(), (active, x) => x is BinaryExpressionSyntax b ? b.WithRight(Ignored(active, b.Right, and)) : x);
    }

    private static ParenthesizedExpressionSyntax Ignored(ExpressionSyntax active, ExpressionSyntax operand, bool and) =>
        Parenthesized(and ? Binary(LogicalOrExpression, active, operand) : Binary(LogicalAndExpression, Not(active), operand));

    private static IEnumerable<ExpressionSyntax> Replacements(ExpressionSyntax expression) => expression switch
    {
        BinaryExpressionSyntax { RawKind: (int)CoalesceExpression } coalesce => [coalesce.Right],
        BinaryExpressionSyntax binary => Operators.GetValueOrDefault(binary.OperatorToken.Kind(), [])
            .Where((_, i) => i > 0 || !IsEquality(binary) || !IsTruthValue(binary)).Where((_, i) => i == 0 || !IsTruthValue(binary))
            .Select(kind => Parse($"{binary.Left} {SyntaxFacts.GetText(kind)} {binary.Right}")),
        IsPatternExpressionSyntax test when !Declares(test) => Patterns(test.Pattern).Select(pattern => Parse($"{test.Expression} is {pattern}")),
        PrefixUnaryExpressionSyntax { RawKind: (int)UnaryMinusExpression } minus => [minus.Operand],
        PrefixUnaryExpressionSyntax { OperatorToken.RawKind: (int)PlusPlusToken } up when !IsStatement(up) => [Parse($"--{up.Operand}")],
        PrefixUnaryExpressionSyntax { OperatorToken.RawKind: (int)MinusMinusToken } down when !IsStatement(down) => [Parse($"++{down.Operand}")],
        PostfixUnaryExpressionSyntax { OperatorToken.RawKind: (int)PlusPlusToken } up when !IsStatement(up) => [Parse($"{up.Operand}--")],
        PostfixUnaryExpressionSyntax { OperatorToken.RawKind: (int)MinusMinusToken } down when !IsStatement(down) => [Parse($"{down.Operand}++")],
        LiteralExpressionSyntax literal => Literals(literal),
        InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax called } call
            when Names.TryGetValue(called.Name.Identifier.Text, out string? other) && !IsStatement(call) => [call.WithExpression(called.WithName(SyntaxFactory.IdentifierName(other)))],
        _ => [],
    };

    private static ExpressionSyntax Parse(string text) => SyntaxFactory.ParseExpression(text);

    private static IEnumerable<ExpressionSyntax> Literals(LiteralExpressionSyntax literal)
    {
        string text = literal.Token.Text;
        string? other = literal.Token.Value switch
        {
            true => "false",
            false => "true",
            0 or 0L or 0U or 0UL or 0f or 0d => text.Replace('0', '1'),
            1 or 1L or 1U or 1UL or 1f or 1d => text.Replace('1', '0'),
            int or long or uint or ulong or float or double => $"({text} + 1)",
            _ => null,
        };
        return other is null ? [] : [Parse(other)];
    }

    private static IEnumerable<string> Patterns(PatternSyntax pattern)
    {
        if (pattern is UnaryPatternSyntax not)
            yield return not.Pattern.ToString();
        else
            yield return $"not ({pattern})";

        foreach (RelationalPatternSyntax bound in pattern.DescendantNodesAndSelf().OfType<RelationalPatternSyntax>())
            yield return pattern.ReplaceToken(bound.OperatorToken, Token(Operators[bound.OperatorToken.Kind()][0], bound.OperatorToken)).ToString();
    }

    /// <summary>What decides whether something is done.</summary>
    private static bool IsCondition(ExpressionSyntax expression) => expression.Parent switch
    {
        IfStatementSyntax or WhenClauseSyntax => true,
        WhileStatementSyntax or ForStatementSyntax => false,
        ConditionalExpressionSyntax choice => choice.Condition == expression,
        _ => false,
    };

    /// <summary>What other mutants set to true and false already.</summary>
    private static bool IsTruthValue(ExpressionSyntax expression) =>
        IsCondition(expression) || expression.Parent is BinaryExpressionSyntax { RawKind: (int)LogicalAndExpression or (int)LogicalOrExpression };

    private static bool IsEquality(ExpressionSyntax expression) => expression.RawKind is (int)EqualsExpression or (int)NotEqualsExpression;

    /// <summary>A value handed on as it is.</summary>
    private static bool IsAnswer(ExpressionSyntax expression)
    {
        bool isPlain = expression is InvocationExpressionSyntax or IdentifierNameSyntax or MemberAccessExpressionSyntax
            or PrefixUnaryExpressionSyntax { RawKind: (int)LogicalNotExpression } or IsPatternExpressionSyntax;
        return isPlain && !Declares(expression) && expression.Parent switch
        {
            ReturnStatementSyntax or ArrowExpressionClauseSyntax or EqualsValueClauseSyntax or LambdaExpressionSyntax => true,
            ArgumentSyntax argument => argument.RefKindKeyword.IsKind(None),
            AssignmentExpressionSyntax assignment => assignment.Right == expression,
            _ => false,
        };
    }

    private static bool IsStatement(ExpressionSyntax expression) =>
        expression.Parent is ExpressionStatementSyntax or ForStatementSyntax or ArrowExpressionClauseSyntax;

    private static bool Declares(ExpressionSyntax expression) =>
        expression.DescendantNodesAndSelf().Any(node => node is SingleVariableDesignationSyntax or DeclarationExpressionSyntax);

    private static SyntaxToken Token(SyntaxKind kind, SyntaxToken like) => SyntaxFactory.Token(like.LeadingTrivia, kind, like.TrailingTrivia);

    private static PrefixUnaryExpressionSyntax Not(ExpressionSyntax expression) => SyntaxFactory.PrefixUnaryExpression(LogicalNotExpression, expression);

    private static BinaryExpressionSyntax Binary(SyntaxKind kind, ExpressionSyntax left, ExpressionSyntax right) =>
        SyntaxFactory.BinaryExpression(kind, left, Parenthesized(right));

    private static ParenthesizedExpressionSyntax Parenthesized(ExpressionSyntax expression) =>
        SyntaxFactory.ParenthesizedExpression(expression.WithoutTrivia());

    private static ExpressionSyntax Spaced(ExpressionSyntax expression) => expression.WithTrailingTrivia(SyntaxFactory.Space);
}
