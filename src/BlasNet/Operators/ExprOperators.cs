using BlasNet.Graphs;

namespace BlasNet.Operators;

/// <summary>Expressions written as in mathematics.</summary>
/// <remarks><c>+ - * /</c> of two expressions work element by element; a weight multiplies as a matrix, as in <c>W * x + b</c>.</remarks>
public static class ExprOperators
{
    extension(Expr)
    {
        /// <summary>The sum of corresponding elements.</summary>
        public static Expr operator +(Expr a, Expr b) => Op.Add(a, b);

        /// <summary>The difference of corresponding elements.</summary>
        public static Expr operator -(Expr a, Expr b) => Op.Subtract(a, b);

        /// <summary>The product of corresponding elements.</summary>
        public static Expr operator *(Expr a, Expr b) => Op.Multiply(a, b);

        /// <summary>The quotient of corresponding elements.</summary>
        public static Expr operator /(Expr a, Expr b) => Op.Divide(a, b);

        /// <summary>The opposite of each element.</summary>
        public static Expr operator -(Expr x) => Op.Negate(x);

        /// <summary>Adds a number to each element.</summary>
        public static Expr operator +(Expr a, double b) => Op.Add(a, a.Graph.Constant(b));

        /// <summary>Adds a number to each element.</summary>
        public static Expr operator +(double a, Expr b) => Op.Add(b, b.Graph.Constant(a));

        /// <summary>Subtracts a number from each element.</summary>
        public static Expr operator -(Expr a, double b) => Op.Subtract(a, a.Graph.Constant(b));

        /// <summary>Subtracts each element from a number.</summary>
        public static Expr operator -(double a, Expr b) => Op.Subtract(b.Graph.Constant(a), b);

        /// <summary>Multiplies each element by a number.</summary>
        public static Expr operator *(Expr a, double b) => Op.Scale(a, b);

        /// <summary>Multiplies each element by a number.</summary>
        public static Expr operator *(double a, Expr b) => Op.Scale(b, a);

        /// <summary>Divides each element by a number.</summary>
        public static Expr operator /(Expr a, double b) => Op.Scale(a, 1 / b);

        /// <summary>Divides a number by each element.</summary>
        public static Expr operator /(double a, Expr b) => Op.Divide(b.Graph.Constant(a), b);
    }

    extension(Parameter)
    {
        /// <summary>W·x for a weight; element by element for a bias.</summary>
        /// <exception cref="ShapeException">The shapes do not fit.</exception>
        public static Expr operator *(Parameter w, Expr x) => w.IsMatrix ? Op.MatMul(w, x) : Op.Multiply(w, x);

        /// <summary>The sum of corresponding elements.</summary>
        public static Expr operator +(Expr x, Parameter b) => Op.Add(x, b);

        /// <summary>The sum of corresponding elements.</summary>
        public static Expr operator +(Parameter a, Expr x) => Op.Add(a, x);

        /// <summary>The difference of corresponding elements.</summary>
        public static Expr operator -(Expr x, Parameter b) => Op.Subtract(x, b);

        /// <summary>The difference of corresponding elements.</summary>
        public static Expr operator -(Parameter a, Expr x) => Op.Subtract(a, x);
    }
}
